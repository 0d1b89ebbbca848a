package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	apiservice "k8s.io/kubernetes/pkg/api/service"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	"k8s.io/kubernetes/pkg/apis/autoscaling"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	"k8s.io/kubernetes/pkg/apis/policy"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/replicaset"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/podtemplate"
	"k8s.io/kubernetes/pkg/registry/core/replicationcontroller"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/networking/ingress"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
)

// refusal is one thing that the API server says against an object.
type refusal struct {
	Field   string `json:"field"`
	Type    string `json:"type"`
	Message string `json:"message"`
}

// objects answers each line, an object, with a line that lists what the API server says when the object is to be created:
// it decodes, defaults and converts as the server does, and runs the strategy of the kind, which the server's storage runs.
func objects() {
	// What one generation of its validation code thinks of the other is no answer.
	klog.SetLogger(klog.Logger{})
	out := bufio.NewWriter(os.Stdout)
	write := json.NewEncoder(out)
	for read := json.NewDecoder(bufio.NewReader(os.Stdin)); read.More(); {
		var object json.RawMessage
		if err := read.Decode(&object); err != nil {
			fail(err)
		}
		if err := write.Encode(create(object)); err != nil {
			fail(err)
		}
	}
	if err := out.Flush(); err != nil {
		fail(err)
	}
}

func create(text []byte) (refusals []refusal) {
	refusals = []refusal{}
	// The server answers with an error of its own (500) where its validation code fails.
	defer func() {
		if failed := recover(); failed != nil {
			refusals = append(refusals, refusal{"", "panic", fmt.Sprint(failed)})
		}
	}()
	// Fields that the server does not know are dropped: it refuses them only where the client asks for it.
	object, _, err := legacyscheme.Codecs.UniversalDecoder().Decode(text, nil, nil)
	if err != nil {
		return append(refusals, refusal{"", "decode", err.Error()})
	}
	strategy := strategyOf(object)
	if strategy == nil {
		return append(refusals, refusal{"", "unknown kind", object.GetObjectKind().GroupVersionKind().String()})
	}
	access, err := meta.Accessor(object)
	if err != nil {
		fail(err)
	}
	namespace := access.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	ctx := genericapirequest.WithNamespace(genericapirequest.NewContext(), namespace)
	ctx = genericapirequest.WithRequestInfo(ctx, &genericapirequest.RequestInfo{IsResourceRequest: true, Verb: "create"})
	// What the handler of requests to create does.
	access.SetUID(types.UID("f3a5c2f0-4f0e-4f3b-8f6e-2f4b1d1f0a01"))
	access.SetCreationTimestamp(metav1.Time{Time: time.Unix(1_700_000_000, 0)})
	access.SetDeletionTimestamp(nil)
	access.SetDeletionGracePeriodSeconds(nil)
	if access.GetGenerateName() != "" && access.GetName() == "" {
		access.SetName(strategy.GenerateName(access.GetGenerateName()))
	}
	switch own := object.(type) {
	case *core.Service:
		allocate(own)
	case *core.Pod:
		// The admission plugin ServiceAccount comes before the strategy.
		if own.Spec.ServiceAccountName == "" {
			own.Spec.ServiceAccountName = "default"
		}
	}
	err = rest.BeforeCreate(strategy, ctx, object)
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Details != nil && len(status.Status().Details.Causes) > 0 {
		for _, cause := range status.Status().Details.Causes {
			// They come by a request of their own, once the pod is there.
			if _, ok := object.(*core.Pod); ok && cause.Field == "spec.ephemeralContainers" &&
				strings.Contains(cause.Message, "cannot be set on create") {
				continue
			}
			refusals = append(refusals, refusal{cause.Field, string(cause.Type), cause.Message})
		}
	} else if err != nil {
		refusals = append(refusals, refusal{"", string(field.ErrorTypeInternal), err.Error()})
	}
	return refusals
}

// allocate does what the storage of Services does before their strategy runs, as far as it depends on the object alone.
func allocate(svc *core.Service) {
	// `normalizeClusterIPs` of pkg/registry/core/service/storage, for an object that is new.
	if svc.Spec.ClusterIP != "" && len(svc.Spec.ClusterIPs) == 0 {
		svc.Spec.ClusterIPs = []string{svc.Spec.ClusterIP}
	}
	if apiservice.NeedsHealthCheck(svc) && svc.Spec.HealthCheckNodePort == 0 {
		svc.Spec.HealthCheckNodePort = 32000
	}
}

func strategyOf(object runtime.Object) rest.RESTCreateStrategy {
	switch object.(type) {
	case *core.Pod:
		return pod.Strategy
	case *core.PodTemplate:
		return podtemplate.Strategy
	case *core.ReplicationController:
		return replicationcontroller.Strategy
	case *core.Service:
		return service.Strategy
	case *apps.Deployment:
		return deployment.Strategy
	case *apps.DaemonSet:
		return daemonset.Strategy
	case *apps.ReplicaSet:
		return replicaset.Strategy
	case *apps.StatefulSet:
		return statefulset.Strategy
	case *batch.Job:
		return job.Strategy
	case *batch.CronJob:
		return cronjob.Strategy
	case *policy.PodDisruptionBudget:
		return poddisruptionbudget.Strategy
	case *autoscaling.HorizontalPodAutoscaler:
		return horizontalpodautoscaler.Strategy
	case *networking.Ingress:
		return ingress.Strategy
	case *networking.NetworkPolicy:
		return networkpolicy.Strategy
	}
	return nil
}
