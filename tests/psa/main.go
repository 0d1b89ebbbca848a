// psa says what becomes of a pod in an API server: it reads lines of JSON {pod, namespaces: [{level, version}]} and answers
// each with a line {invalid, violations}, the violations for each of the namespaces. The code is the API server's own: strict reading, defaults and validation from
// k8s.io/kubernetes, and the Pod Security admission of a newer release, which knows more versions of the standard.
//
// With the argument `objects` it reads objects of Kubernetes' own kinds instead, and says of each what the API server would
// say when it is to be created: see objects.go.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	podutil "k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/core"
	v1 "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/capabilities"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	kjson "sigs.k8s.io/json"
)

type question struct {
	Pod        json.RawMessage `json:"pod"`
	Namespaces []namespace     `json:"namespaces"`
}

// namespace is what the labels of a namespace say.
type namespace struct {
	Level   string `json:"level"`
	Version string `json:"version"`
}

type answer struct {
	// Why the API server refuses the pod whatever its namespace says.
	Invalid []string `json:"invalid"`
	// Why Pod Security admission forbids it in each namespace; none: it is allowed.
	Violations [][]violation `json:"violations"`
}

type violation struct {
	Reason string `json:"reason"`
	Detail string `json:"detail"`
}

func main() {
	// As with `kube-apiserver --allow-privileged`, which every distribution sets.
	capabilities.Initialize(capabilities.Capabilities{AllowPrivileged: true})
	if len(os.Args) > 1 && os.Args[1] == "objects" {
		objects()
		return
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		fail(err)
	}
	out := bufio.NewWriter(os.Stdout)
	write := json.NewEncoder(out)
	for read := json.NewDecoder(bufio.NewReader(os.Stdin)); read.More(); {
		var q question
		if err := read.Decode(&q); err != nil {
			fail(err)
		}
		if err := write.Encode(evaluate(evaluator, q)); err != nil {
			fail(err)
		}
	}
	if err := out.Flush(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "psa:", err)
	os.Exit(1)
}

func evaluate(evaluator policy.Evaluator, q question) answer {
	out := answer{Invalid: []string{}, Violations: [][]violation{}}
	var pod corev1.Pod
	unknown, err := kjson.UnmarshalStrict(q.Pod, &pod)
	if err != nil {
		unknown = append(unknown, err)
	}
	for _, err := range unknown {
		out.Invalid = append(out.Invalid, err.Error())
	}
	v1.SetObjectDefaults_Pod(&pod)
	out.Invalid = append(out.Invalid, validate(&pod)...)
	// After the defaults: admission sees a volume without a source as an emptyDir, and all ports of a pod on the
	// host's network as host ports.
	for _, namespace := range q.Namespaces {
		found := []violation{}
		for _, result := range evaluator.EvaluatePod(enforced(namespace), &pod.ObjectMeta, &pod.Spec) {
			if !result.Allowed {
				found = append(found, violation{result.ForbiddenReason, result.ForbiddenDetail})
			}
		}
		out.Violations = append(out.Violations, found)
	}
	return out
}

func enforced(n namespace) api.LevelVersion {
	level, err := api.ParseLevel(n.Level)
	if err != nil {
		fail(err)
	}
	version, err := api.ParseVersion(n.Version)
	if err != nil {
		fail(err)
	}
	return api.LevelVersion{Level: level, Version: version}
}

// validate does what `podStrategy.Validate` of pkg/registry/core/pod does.
func validate(pod *corev1.Pod) []string {
	var internal core.Pod
	if err := v1.Convert_v1_Pod_To_core_Pod(pod, &internal, nil); err != nil {
		return []string{err.Error()}
	}
	if internal.Namespace == "" {
		internal.Namespace = "default" // the request's
	}
	options := podutil.GetValidationOptionsFromPodSpecAndMeta(&internal.Spec, nil, &internal.ObjectMeta, nil)
	options.ResourceIsPod = true
	var messages []string
	for _, err := range validation.ValidatePodCreate(&internal, options) {
		// They come by a request of their own, once the pod is there.
		if err.Field != "spec.ephemeralContainers" {
			messages = append(messages, err.Error())
		}
	}
	return messages
}
