// netpol says which connections the NetworkPolicies of rendered manifests allow. It reads the manifests from its standard
// input, and from a file of JSON what is around them: {"outside": [{"name": "ingress", "namespace": "ingress-nginx",
// "namespaceLabels": {}, "labels": {}, "ports": {"http": 8080, "dns": "53/UDP"}}, {"name": "internet", "cidr": "8.8.8.8/32"}]}.
// It prints a line of JSON {from, to, ports} for each ordered pair with a connection: between workloads, from and to the
// outside, and from the pods of a workload to other pods of the same. With --table: a table in Markdown instead.
//
// It is written against the semantics of the API networking.k8s.io/v1 alone and shares no code with krmor. The answers are
// exact: sets of ports and of addresses are computed as intervals, nothing is sampled. The destination is the pod, after a
// Service's translation. "partly" stands before the ports that are allowed for some addresses of a CIDR, but not for all.
//
// What the API leaves to network plugins:
//   - A pod of the host's network is a node to policies: no policy restricts it, no selector means it. It is "all" peers, and
//     it is in an ipBlock if "nodeCIDRs": ["…"] says where nodes are. Names of ports are not known of it.
//   - An ipBlock means no pods, unless "podCIDRs": ["…"] says where pods are: then it does, as with some plugins. An end with
//     "hostNetwork": true is a pod of the host's network outside.
//   - A port by name means nothing at a destination that does not declare it, and at a CIDR.
//   - That a node reaches its own pods (kubelet's probes), and a pod itself, whatever policies say, is not shown.
//
// What it cannot answer is an error: other kinds of policy, labels that a controller sets later, what an API server refuses.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// row is a connection.
type row struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Ports string `json:"ports"`
}

func main() {
	table := false
	var files []string
	for _, each := range os.Args[1:] {
		if each == "--table" {
			table = true
		} else {
			files = append(files, each)
		}
	}
	if err := run(os.Stdin, os.Stdout, files, table); err != nil {
		fmt.Fprintln(os.Stderr, "netpol:", err)
		os.Exit(1)
	}
}

func run(stream io.Reader, to io.Writer, files []string, table bool) error {
	var around surroundings
	switch len(files) {
	case 0:
	case 1:
		text, err := os.ReadFile(files[0])
		if err != nil {
			return err
		}
		if around, err = readSurroundings(text); err != nil {
			return fmt.Errorf("%s: %w", files[0], err)
		}
	default:
		return errors.New("usage: netpol [--table] [OUTSIDE.json] <MANIFESTS.yaml")
	}
	all, err := read(stream, around)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(to)
	if table {
		fmt.Fprint(out, "| From | To | Ports |\n| --- | --- | --- |\n")
	}
	for _, each := range all.rows() {
		if table {
			fmt.Fprintf(out, "| %s | %s | %s |\n", each.From, each.To, each.Ports)
			continue
		}
		line, err := json.Marshal(each)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n", line)
	}
	return out.Flush()
}

func readSurroundings(text []byte) (around surroundings, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	err = decoder.Decode(&around)
	return around, err
}

func (w *world) rows() []row {
	var all []row
	for _, from := range w.ends {
		for _, to := range w.ends {
			if from.outside && to.outside {
				continue
			}
			if ports := connection(w.policies, from, to).String(); ports != "" {
				all = append(all, row{from.name, to.name, ports})
			}
		}
	}
	slices.SortFunc(all, func(a, b row) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return all
}
