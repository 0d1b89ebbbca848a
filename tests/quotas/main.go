// quotas says what a pod takes of a ResourceQuota: it reads lines of JSON {pod, range, names} and answers each with a line
// {usage, needs, refused}. The code is the API server's own: defaults, the admission plugin LimitRanger with the LimitRange
// `range`, and the evaluator of the admission plugin ResourceQuota for a quota with `names`.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/apis/core"
	v1 "k8s.io/kubernetes/pkg/apis/core/v1"
	evaluator "k8s.io/kubernetes/pkg/quota/v1/evaluator/core"
	"k8s.io/kubernetes/plugin/pkg/admission/limitranger"
	"k8s.io/utils/clock"
)

type question struct {
	Pod   corev1.Pod            `json:"pod"`
	Range *corev1.LimitRange    `json:"range"`
	Names []corev1.ResourceName `json:"names"`
}

type answer struct {
	// What the pod takes, by the names of the quota.
	Usage map[corev1.ResourceName]string `json:"usage"`
	// Why ResourceQuota refuses the pod, whatever is left of the quota.
	Needs *string `json:"needs"`
	// Why LimitRanger, or the validation behind it, refuses the pod.
	Refused *string `json:"refused"`
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	write := json.NewEncoder(out)
	for read := json.NewDecoder(bufio.NewReader(os.Stdin)); read.More(); {
		var q question
		if err := read.Decode(&q); err != nil {
			fail(err)
		}
		if err := write.Encode(evaluate(&q)); err != nil {
			fail(err)
		}
	}
	if err := out.Flush(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "quotas:", err)
	os.Exit(1)
}

func evaluate(q *question) answer {
	v1.SetObjectDefaults_Pod(&q.Pod)
	var pod core.Pod
	if err := v1.Convert_v1_Pod_To_core_Pod(&q.Pod, &pod, nil); err != nil {
		fail(err)
	}
	var out answer
	if q.Range != nil {
		v1.SetObjectDefaults_LimitRange(q.Range)
		if err := limitranger.PodMutateLimitFunc(q.Range, &pod); err != nil {
			fail(err)
		}
		if err := limitranger.PodValidateLimitFunc(q.Range, &pod); err != nil {
			out.Refused = said(err)
		}
		for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
			for name, request := range container.Resources.Requests {
				if limit, ok := container.Resources.Limits[name]; ok && request.Cmp(limit) > 0 && out.Refused == nil {
					out.Refused = said(fmt.Errorf("%s: %s is above its limit", container.Name, name))
				}
			}
		}
	}
	pods := evaluator.NewPodEvaluator(nil, clock.RealClock{})
	if err := pods.Constraints(pods.MatchingResources(q.Names), &pod); err != nil {
		out.Needs = said(err)
	}
	usage, err := pods.Usage(&pod)
	if err != nil {
		fail(err)
	}
	out.Usage = map[corev1.ResourceName]string{}
	for _, name := range pods.MatchingResources(q.Names) {
		if amount, ok := usage[name]; ok {
			out.Usage[name] = amount.String()
		}
	}
	return out
}

func said(err error) *string {
	text := err.Error()
	return &text
}
