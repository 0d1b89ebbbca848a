// kyamlfn is the rival in `make bench`: krmor's default SecurityContext for Deployments, written as a Go function is
// usually written, on kyaml. Bare stream on stdin, bare stream on stdout.
//
// Its reader leaves out the index annotations, which a bare stream does not need: that is kyaml at its cheapest.
package main

import (
	"fmt"
	"os"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// boolean has its tag, since kyaml prints an untagged "true" as a quoted string.
func boolean(value string) *yaml.RNode {
	return yaml.NewRNode(&yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagBool, Value: value})
}

func hardenContainer(container *yaml.RNode) error {
	context, err := container.Pipe(yaml.LookupCreate(yaml.MappingNode, "securityContext"))
	if err != nil {
		return err
	}
	if err := context.PipeE(yaml.SetField("allowPrivilegeEscalation", boolean("false"))); err != nil {
		return err
	}
	return context.PipeE(
		yaml.LookupCreate(yaml.MappingNode, "capabilities"),
		yaml.SetField("drop", yaml.NewListRNode("ALL")))
}

func hardenPod(pod *yaml.RNode) error {
	context, err := pod.Pipe(yaml.LookupCreate(yaml.MappingNode, "securityContext"))
	if err != nil {
		return err
	}
	if err := context.PipeE(yaml.SetField("runAsNonRoot", boolean("true"))); err != nil {
		return err
	}
	if err := context.PipeE(
		yaml.LookupCreate(yaml.MappingNode, "seccompProfile"),
		yaml.SetField("type", yaml.NewStringRNode("RuntimeDefault"))); err != nil {
		return err
	}
	for _, field := range []string{"initContainers", "containers"} {
		containers, err := pod.Pipe(yaml.Lookup(field))
		if err != nil {
			return err
		}
		if containers == nil { // only initContainers may be absent
			continue
		}
		if err := containers.VisitElements(hardenContainer); err != nil {
			return err
		}
	}
	return nil
}

func harden(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	for _, object := range objects {
		if object.GetKind() != "Deployment" {
			continue
		}
		pod, err := object.Pipe(yaml.Lookup("spec", "template", "spec"))
		if err != nil {
			return nil, err
		}
		if pod == nil {
			continue
		}
		if err := hardenPod(pod); err != nil {
			return nil, fmt.Errorf("Deployment %s: %w", object.GetName(), err)
		}
	}
	return objects, nil
}

func main() {
	var err error
	if len(os.Args) == 4 && os.Args[1] == "-compare" {
		err = compare(os.Args[2], os.Args[3])
	} else {
		err = kio.Pipeline{
			Inputs:  []kio.Reader{&kio.ByteReader{Reader: os.Stdin, OmitReaderAnnotations: true}},
			Filters: []kio.Filter{kio.FilterFunc(harden)},
			Outputs: []kio.Writer{kio.ByteWriter{Writer: os.Stdout}},
		}.Execute()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kyamlfn:", err)
		os.Exit(1)
	}
}
