package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// surroundings are what the stream does not hold.
type surroundings struct {
	Outside []outsidePeer `json:"outside"`
	// Where the addresses of pods and of nodes lie. A network plugin may or may not let an ipBlock match those; with them,
	// blocks match, without, they do not.
	PodCIDRs  []string `json:"podCIDRs"`
	NodeCIDRs []string `json:"nodeCIDRs"`
}

type outsidePeer struct {
	Name            string            `json:"name"`
	Namespace       string            `json:"namespace"`
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	Labels          map[string]string `json:"labels"`
	// Number, or "number/protocol", by name.
	Ports       map[string]any `json:"ports"`
	HostNetwork bool           `json:"hostNetwork"`
	CIDR        string         `json:"cidr"`
}

// world is all that there is to decide about.
type world struct {
	ends     []*end
	policies []*policy
}

type document struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	raw               []byte
}

func read(stream io.Reader, around surroundings) (*world, error) {
	documents, err := split(stream)
	if err != nil {
		return nil, err
	}
	podCIDRs, err := cidrs(around.PodCIDRs)
	if err != nil {
		return nil, fmt.Errorf("podCIDRs: %w", err)
	}
	nodeCIDRs, err := cidrs(around.NodeCIDRs)
	if err != nil {
		return nil, fmt.Errorf("nodeCIDRs: %w", err)
	}
	namespaces := map[string]labels.Set{}
	cronJobs := false
	for _, each := range documents {
		if each.Kind == "Namespace" && each.APIVersion == "v1" {
			namespaces[each.Name] = labels.Set(each.Labels)
		}
		cronJobs = cronJobs || each.Kind == "CronJob"
	}
	undecidable := func(key string) bool {
		return slices.Contains(setByControllers, key) || cronJobs && slices.Contains(jobNames, key)
	}
	found := &world{}
	for _, each := range documents {
		where := each.Kind + "/" + each.Namespace + "/" + each.Name
		group, _, _ := strings.Cut(each.APIVersion, "/")
		if strings.HasSuffix(each.Kind, "NetworkPolicy") {
			if each.APIVersion != "networking.k8s.io/v1" || each.Kind != "NetworkPolicy" {
				return nil, fmt.Errorf("%s is a policy of %s, which is not understood here and may change every answer", where, each.APIVersion)
			}
			policy, err := networkPolicy(each, undecidable)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", where, err)
			}
			found.policies = append(found.policies, policy)
			continue
		}
		template, err := podOf(each, group)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		if template == nil {
			continue
		}
		one := &end{
			name: where, namespace: each.Namespace, namespaceLabels: namespaceLabels(each.Namespace, namespaces[each.Namespace]),
			labels: labels.Set(template.Labels), pod: !template.Spec.HostNetwork, addresses: podCIDRs,
		}
		if one.pod {
			one.ports, err = portNames(&template.Spec)
		} else {
			one.addresses = nodeCIDRs
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		found.ends = append(found.ends, one)
	}
	for _, each := range around.Outside {
		one, err := each.end(namespaces, podCIDRs, nodeCIDRs)
		if err != nil {
			return nil, fmt.Errorf("outside %q: %w", each.Name, err)
		}
		found.ends = append(found.ends, one)
	}
	seen := map[string]bool{}
	for _, each := range found.ends {
		if seen[each.name] {
			return nil, fmt.Errorf("%s is there twice", each.name)
		}
		seen[each.name] = true
	}
	return found, nil
}

// Labels of pods that are not known before they run, and those that are for a Job but not for the Jobs of a CronJob.
var (
	setByControllers = []string{
		appsv1.DefaultDeploymentUniqueLabelKey, appsv1.ControllerRevisionHashLabelKey, appsv1.StatefulSetPodNameLabel,
		appsv1.PodIndexLabel, batchv1.ControllerUidLabel, "controller-uid", "batch.kubernetes.io/job-completion-index",
	}
	jobNames = []string{batchv1.JobNameLabel, "job-name"}
)

// split reads the documents, Lists taken apart, with every namespace filled in.
func split(stream io.Reader) ([]document, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(stream))
	var all []document
	for number := 1; ; number++ {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		raw, err := yaml.YAMLToJSONStrict(text)
		if err == nil {
			all, err = add(all, raw)
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
	}
}

func add(all []document, raw []byte) ([]document, error) {
	if string(raw) == "null" {
		return all, nil
	}
	one := document{raw: raw}
	if err := json.Unmarshal(raw, &one); err != nil {
		return nil, err
	}
	if one.Kind == "" || one.APIVersion == "" {
		return nil, errors.New("no apiVersion and kind")
	}
	if one.Kind == "List" && one.APIVersion == "v1" {
		var list struct{ Items []json.RawMessage }
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
		for _, item := range list.Items {
			var err error
			if all, err = add(all, item); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	if one.Namespace == "" {
		one.Namespace = metav1.NamespaceDefault
	}
	return append(all, one), nil
}

func networkPolicy(from document, undecidable func(string) bool) (*policy, error) {
	var object networkingv1.NetworkPolicy
	// Strictly: a misspelt selector is an empty one, which means everybody.
	if err := yaml.UnmarshalStrict(from.raw, &object); err != nil {
		return nil, err
	}
	object.Namespace = from.Namespace
	return readPolicy(&object, undecidable)
}

// podOf is the template of the pods of a workload; none for other objects.
func podOf(from document, group string) (*corev1.PodTemplateSpec, error) {
	into := func(object any) error { return json.Unmarshal(from.raw, object) }
	switch group + "/" + from.Kind {
	case "v1/Pod":
		var pod corev1.Pod
		err := into(&pod)
		return &corev1.PodTemplateSpec{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec}, err
	case "apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "apps/ReplicaSet", "v1/ReplicationController", "batch/Job":
		var object struct {
			Spec struct{ Template corev1.PodTemplateSpec }
		}
		err := into(&object)
		template := object.Spec.Template
		if from.Kind == "Job" {
			own := map[string]string{}
			for _, key := range jobNames {
				own[key] = from.Name
			}
			maps.Copy(own, template.Labels)
			template.Labels = own
		}
		return &template, err
	case "batch/CronJob":
		var object batchv1.CronJob
		err := into(&object)
		return &object.Spec.JobTemplate.Spec.Template, err
	}
	return nil, nil
}

// portNames are the names that the containers declare; of the init containers only those that keep running.
func portNames(pod *corev1.PodSpec) (map[corev1.Protocol]map[string]int32, error) {
	containers := slices.Clone(pod.Containers)
	for _, each := range pod.InitContainers {
		if each.RestartPolicy != nil && *each.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			containers = append(containers, each)
		}
	}
	names := map[corev1.Protocol]map[string]int32{}
	for _, container := range containers {
		for _, port := range container.Ports {
			if port.Name == "" {
				continue
			}
			if err := name(names, port.Protocol, port.Name, port.ContainerPort); err != nil {
				return nil, err
			}
		}
	}
	return names, nil
}

func name(names map[corev1.Protocol]map[string]int32, protocol corev1.Protocol, name string, number int32) error {
	if protocol == "" {
		protocol = corev1.ProtocolTCP
	}
	if !slices.Contains(protocols, protocol) || number < 1 || number > lastPort {
		return fmt.Errorf("port %s: %d/%s is none", name, number, protocol)
	}
	if names[protocol] == nil {
		names[protocol] = map[string]int32{}
	}
	if other, there := names[protocol][name]; there && other != number {
		return fmt.Errorf("port %s is both %d and %d: network plugins differ in which one a policy means", name, other, number)
	}
	names[protocol][name] = number
	return nil
}

// namespaceLabels are those that an API server shows: it sets the one with the name itself.
func namespaceLabels(name string, own labels.Set) labels.Set {
	all := labels.Set{}
	maps.Copy(all, own)
	all[corev1.LabelMetadataName] = name
	return all
}

func cidrs(texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range texts {
		one, err := cidr(text)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (from outsidePeer) end(namespaces map[string]labels.Set, podCIDRs, nodeCIDRs []netip.Prefix) (*end, error) {
	one := &end{name: from.Name, outside: true}
	if from.Name == "" || (from.Namespace == "") == (from.CIDR == "") {
		return nil, errors.New("wants a name, and either a namespace or a cidr")
	}
	if from.CIDR != "" {
		if from.HostNetwork || len(from.Labels) > 0 || len(from.NamespaceLabels) > 0 || len(from.Ports) > 0 {
			return nil, errors.New("a cidr has neither labels nor ports")
		}
		address, err := cidr(from.CIDR)
		one.addresses = []netip.Prefix{address}
		return one, err
	}
	one.namespace, one.labels, one.pod, one.addresses = from.Namespace, from.Labels, !from.HostNetwork, podCIDRs
	if from.HostNetwork {
		one.addresses = nodeCIDRs
		return one, nil
	}
	of := labels.Set{}
	maps.Copy(of, namespaces[from.Namespace])
	for key, value := range from.NamespaceLabels {
		if other, there := of[key]; there && other != value || key == corev1.LabelMetadataName && value != from.Namespace {
			return nil, fmt.Errorf("label %s of namespace %s is not %q", key, from.Namespace, value)
		}
		of[key] = value
	}
	one.namespaceLabels = namespaceLabels(from.Namespace, of)
	one.ports = map[corev1.Protocol]map[string]int32{}
	for port, value := range from.Ports {
		number, protocol, _ := strings.Cut(fmt.Sprint(value), "/")
		parsed, err := strconv.ParseInt(number, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("port %s: %v is neither a number nor number/protocol", port, value)
		}
		if err := name(one.ports, corev1.Protocol(protocol), port, int32(parsed)); err != nil {
			return nil, err
		}
	}
	return one, nil
}
