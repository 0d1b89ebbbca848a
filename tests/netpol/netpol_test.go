package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

const everything = "TCP 1-65535; UDP 1-65535; SCTP 1-65535"

// pod is a Pod with the inside of a flow mapping as its spec.
func pod(namespace, name, labels, spec string) string {
	if spec == "" {
		spec = "containers: [{name: c, image: i}]"
	}
	return fmt.Sprintf("---\napiVersion: v1\nkind: Pod\nmetadata: {name: %q, namespace: %q, labels: {%s}}\nspec: {%s}\n", name, namespace, labels, spec)
}

func netpol(namespace, spec string) string {
	return fmt.Sprintf("---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: policy, namespace: %q}\nspec: {%s}\n", namespace, spec)
}

func namespace(name, labels string) string {
	return fmt.Sprintf("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: %q, labels: {%s}}\n", name, labels)
}

// a and b are in namespace x, c is in y; b declares names of ports.
var three = pod("x", "a", "app: a", "") + pod("x", "b", "app: b, tier: db",
	`containers: [{name: c, image: i, ports: [{name: web, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}]}, {name: d, image: i, ports: [{name: dns, containerPort: 5353}]}], `+
		`initContainers: [{name: s, image: i, restartPolicy: Always, ports: [{name: side, containerPort: 9000}]}, {name: once, image: i, ports: [{name: gone, containerPort: 9001}]}]`) +
	pod("y", "c", "app: c", "") + namespace("x", "team: one") + namespace("y", "team: two")

func answers(t *testing.T, stream, outside string) map[string]string {
	t.Helper()
	around, err := readSurroundings([]byte(outside))
	if err != nil {
		t.Fatal(err)
	}
	all, err := read(strings.NewReader(stream), around)
	if err != nil {
		t.Fatal(err)
	}
	short := func(name string) string { return name[strings.LastIndex(name, "/")+1:] }
	// Every pair that there is, so that a misspelt one is not "nothing is allowed".
	found := map[string]string{}
	for _, from := range all.ends {
		for _, to := range all.ends {
			if !from.outside || !to.outside {
				found[short(from.name)+">"+short(to.name)] = ""
			}
		}
	}
	for _, each := range all.rows() {
		found[short(each.From)+">"+short(each.To)] = each.Ports
	}
	return found
}

func compare(t *testing.T, found, want map[string]string) {
	t.Helper()
	for pair, ports := range want {
		if got, there := found[pair]; !there || got != ports {
			t.Errorf("%s: %q, not %q", pair, got, ports)
		}
	}
}

// Each case: policies for `three`, and the ports of some pairs.
func TestSemantics(t *testing.T) {
	b := "podSelector: {matchLabels: {app: b}}, "
	tcp := func(ports string) map[string]string { return map[string]string{"a>b": ports} }
	on := func(ports string) string { return netpol("x", b+"ingress: [{ports: ["+ports+"]}]") }
	by := func(peers string) string { return netpol("x", b+"ingress: [{from: ["+peers+"]}]") }
	for name, test := range map[string]struct {
		policies string
		want     map[string]string
	}{
		"no policy: open, also to itself": {"", map[string]string{"a>b": everything, "c>a": everything, "a>a": everything}},
		"an empty podSelector is all pods of the policy's namespace": {
			netpol("x", "podSelector: {}"), map[string]string{"c>a": "", "c>b": "", "a>b": "", "a>a": "", "a>c": everything, "c>c": everything}},
		"no podSelector is an empty one":                {netpol("x", "policyTypes: [Ingress]"), map[string]string{"c>a": "", "a>c": everything}},
		"policyTypes default to Ingress":                {netpol("x", b), map[string]string{"a>b": "", "b>a": everything}},
		"policyTypes [] is the default":                 {netpol("x", b+"policyTypes: []"), map[string]string{"a>b": "", "b>a": everything}},
		"an empty list of egress rules is none":         {netpol("x", b+"egress: []"), map[string]string{"a>b": "", "b>a": everything}},
		"egress rules add Egress, Ingress stays":        {netpol("x", b+"egress: [{ports: [{port: 1}]}]"), map[string]string{"a>b": "", "b>a": "TCP 1"}},
		"policyTypes Egress alone leaves ingress open":  {netpol("x", b+"policyTypes: [Egress]"), map[string]string{"a>b": everything, "b>a": "", "b>c": ""}},
		"rules of a direction that is no type: ignored": {netpol("x", b+"policyTypes: [Ingress], ingress: [{}], egress: [{ports: [{port: 1}]}]"), map[string]string{"a>b": everything, "b>a": everything}},
		"both types":                        {netpol("x", b+"policyTypes: [Egress, Ingress]"), map[string]string{"a>b": "", "b>a": "", "b>b": ""}},
		"an empty rule is everybody":        {netpol("x", b+"ingress: [{}]"), map[string]string{"a>b": everything, "c>b": everything, "o>b": everything, "net>b": everything}},
		"from missing is everybody":         {on("{port: 80}"), map[string]string{"a>b": "TCP 80", "c>b": "TCP 80", "net>b": "TCP 80"}},
		"from [] is everybody":              {by(""), map[string]string{"c>b": everything}},
		"to [] is everybody":                {netpol("x", b+"egress: [{to: []}]"), map[string]string{"b>c": everything, "b>net": everything}},
		"podSelector: own namespace only":   {by("{podSelector: {}}"), map[string]string{"a>b": everything, "b>b": everything, "c>b": "", "o>b": "", "net>b": ""}},
		"namespaceSelector: all its pods":   {by("{namespaceSelector: {matchLabels: {team: two}}}"), map[string]string{"a>b": "", "c>b": everything}},
		"an empty namespaceSelector":        {by("{namespaceSelector: {}}"), map[string]string{"a>b": everything, "c>b": everything, "o>b": everything, "net>b": ""}},
		"both selectors in one item: AND":   {by("{namespaceSelector: {matchLabels: {team: two}}, podSelector: {matchLabels: {app: a}}}"), map[string]string{"a>b": "", "c>b": ""}},
		"two items: OR":                     {by("{namespaceSelector: {matchLabels: {team: two}}}, {podSelector: {matchLabels: {app: a}}}"), map[string]string{"a>b": everything, "c>b": everything, "b>b": ""}},
		"the label with the name":           {by("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: 'y'}}}"), map[string]string{"a>b": "", "c>b": everything, "o>b": ""}},
		"the name of one without an object": {by("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress}}}"), map[string]string{"c>b": "", "o>b": everything}},
		"labels of an outside namespace":    {by("{namespaceSelector: {matchLabels: {team: three}}, podSelector: {matchLabels: {app: o}}}"), map[string]string{"c>b": "", "o>b": everything}},
		"In":                                {by("{podSelector: {matchExpressions: [{key: app, operator: In, values: [a, z]}]}}"), map[string]string{"a>b": everything, "b>b": ""}},
		"NotIn is true of a missing key":    {by("{podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [db]}]}}"), map[string]string{"a>b": everything, "b>b": ""}},
		"Exists":                            {by("{podSelector: {matchExpressions: [{key: tier, operator: Exists}]}}"), map[string]string{"a>b": "", "b>b": everything}},
		"DoesNotExist":                      {by("{podSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}"), map[string]string{"a>b": everything, "b>b": ""}},
		"labels and expressions: AND":       {by("{podSelector: {matchLabels: {app: a}, matchExpressions: [{key: tier, operator: Exists}]}}"), map[string]string{"a>b": "", "b>b": ""}},
		"expressions of namespaces":         {by("{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [one]}]}}"), map[string]string{"a>b": "", "c>b": everything, "o>b": everything}},
		"expressions choose the pods":       {netpol("x", "podSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}"), map[string]string{"b>a": "", "a>b": everything}},
		"a port is TCP by default":          {on("{port: 80}"), tcp("TCP 80")},
		"protocol":                          {on("{port: 80, protocol: SCTP}, {port: 53, protocol: UDP}"), tcp("UDP 53; SCTP 80")},
		"a protocol without a port":         {on("{protocol: UDP}"), tcp("UDP 1-65535")},
		"an empty port item is all of TCP":  {on("{}"), tcp("TCP 1-65535")},
		"ports [] is all":                   {on(""), tcp(everything)},
		"endPort":                           {on("{port: 80, endPort: 90}"), tcp("TCP 80-90")},
		"endPort equal to port":             {on("{port: 80, endPort: 80}"), tcp("TCP 80")},
		"ranges merge":                      {on("{port: 80, endPort: 90}, {port: 85, endPort: 95}, {port: 96}, {port: 98}"), tcp("TCP 80-96,98")},
		"by name":                           {on("{port: web}"), tcp("TCP 8080")},
		"by name, of another container":     {on("{port: dns}"), tcp("TCP 5353")},
		"by name, per protocol":             {on("{port: dns, protocol: UDP}"), tcp("UDP 53")},
		"by name, of a sidecar":             {on("{port: side}"), tcp("TCP 9000")},
		"by name, of an init container":     {on("{port: gone}"), tcp("")},
		"by name, of another protocol":      {on("{port: web, protocol: UDP}"), tcp("")},
		"by name, unknown":                  {on("{port: other}, {port: 7}"), tcp("TCP 7")},
		"by name, egress: the destination's": {
			netpol("x", "podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{ports: [{port: web}]}]"),
			map[string]string{"a>b": "TCP 8080", "a>c": "", "a>o": "TCP 8000", "a>net": ""}},
		"rules are added": {
			netpol("x", b+"ingress: [{ports: [{port: 1}]}, {from: [{podSelector: {}}], ports: [{port: 2}]}]"), map[string]string{"a>b": "TCP 1-2", "c>b": "TCP 1"}},
		"policies are added":            {on("{port: 1}") + on("{port: 3}") + netpol("x", "podSelector: {}"), tcp("TCP 1,3")},
		"an allowing one opens no more": {on("{port: 1}") + netpol("x", "podSelector: {matchLabels: {app: a}}, ingress: [{}]"), tcp("TCP 1")},
		"both ends must allow": {
			on("{port: 1, endPort: 10}") + netpol("x", "podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{ports: [{port: 5, endPort: 20}]}]"),
			map[string]string{"a>b": "TCP 5-10", "c>b": "TCP 1-10", "a>c": "TCP 5-20"}},
		"one end that denies is enough":    {netpol("x", "podSelector: {matchLabels: {app: a}}, policyTypes: [Egress]") + netpol("x", b+"ingress: [{}]"), tcp("")},
		"answers need no rule":             {on("{port: 1}") + netpol("x", b+"policyTypes: [Egress]"), map[string]string{"a>b": "TCP 1", "b>a": ""}},
		"pods of a workload to each other": {netpol("x", b+"policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {matchLabels: {app: b}}}]}], egress: [{ports: [{port: 4}]}]"), map[string]string{"b>b": "TCP 4", "a>b": ""}},
		"a policy of another namespace":    {netpol("y", b), tcp(everything)},
		"an outside pod has its policies":  {netpol("ingress", "podSelector: {}, policyTypes: [Egress]"), map[string]string{"o>b": "", "b>o": everything}},
		"a block":                          {by("{ipBlock: {cidr: 8.8.8.0/24}}"), map[string]string{"net>b": everything, "a>b": "", "six>b": "", "o>b": ""}},
		"a block elsewhere":                {by("{ipBlock: {cidr: 9.9.9.0/24}}"), map[string]string{"net>b": ""}},
		"a block and its exception":        {by("{ipBlock: {cidr: 8.8.0.0/16, except: [8.8.8.0/25]}}"), map[string]string{"net>b": "", "wide>b": "partly " + everything}},
		"an exception elsewhere":           {by("{ipBlock: {cidr: 8.8.0.0/16, except: [8.8.9.0/24]}}"), map[string]string{"net>b": everything}},
		"an exception of another item":     {by("{ipBlock: {cidr: 8.8.0.0/16, except: [8.8.8.8/32]}}, {ipBlock: {cidr: 8.8.8.8/32}}"), map[string]string{"net>b": everything, "wide>b": everything}},
		"IPv6":                             {by("{ipBlock: {cidr: '2001:db8::/32'}}"), map[string]string{"six>b": everything, "net>b": ""}},
		"IPv6, excepted":                   {by("{ipBlock: {cidr: '2001:db8::/32', except: ['2001:db8::/64']}}"), map[string]string{"six>b": ""}},
		"all of IPv4 is not IPv6":          {by("{ipBlock: {cidr: 0.0.0.0/0}}"), map[string]string{"net>b": everything, "wide>b": everything, "six>b": ""}},
		"a part of a CIDR": {
			netpol("x", b+"egress: [{to: [{ipBlock: {cidr: 8.8.8.0/25}}], ports: [{port: 443}]}, {to: [{ipBlock: {cidr: 8.8.0.0/16}}], ports: [{port: 53}]}]"),
			map[string]string{"b>wide": "TCP 53; partly TCP 443", "b>net": "TCP 53,443"}},
		"two halves are the whole": {by("{ipBlock: {cidr: 8.8.8.0/25}}, {ipBlock: {cidr: 8.8.8.128/25}}"), map[string]string{"wide>b": everything}},
		"two halves, not the same ports": {
			netpol("x", b+"ingress: [{from: [{ipBlock: {cidr: 8.8.8.0/25}}], ports: [{port: 1, endPort: 5}]}, {from: [{ipBlock: {cidr: 8.8.8.128/25}}], ports: [{port: 4, endPort: 8}]}]"),
			map[string]string{"wide>b": "TCP 4-5; partly TCP 1-3,6-8"}},
	} {
		t.Run(name, func(t *testing.T) {
			found := answers(t, three+test.policies, `{"outside": [
				{"name": "o", "namespace": "ingress", "namespaceLabels": {"team": "three"}, "labels": {"app": "o"}, "ports": {"web": 8000}},
				{"name": "net", "cidr": "8.8.8.8/32"}, {"name": "wide", "cidr": "8.8.8.0/24"}, {"name": "six", "cidr": "2001:db8::1/128"}]}`)
			compare(t, found, test.want)
		})
	}
}

func TestPodsOfTheHostsNetwork(t *testing.T) {
	host := pod("x", "h", "app: a", "hostNetwork: true, containers: [{name: c, image: i}]")
	stream := host + pod("x", "b", "app: b", "") + netpol("x", "podSelector: {}, policyTypes: [Ingress, Egress]")
	check := func(policy, around string, want map[string]string) {
		t.Helper()
		compare(t, answers(t, stream+policy, around), want)
	}
	// No policy restricts it, and no selector means it.
	check("", "{}", map[string]string{"h>b": "", "b>h": "", "h>h": everything})
	check(netpol("x", "podSelector: {}, ingress: [{from: [{podSelector: {}}, {namespaceSelector: {}}]}]"), "{}", map[string]string{"h>b": ""})
	check(netpol("x", "podSelector: {}, ingress: [{ports: [{port: 1}]}]"), "{}", map[string]string{"h>b": "TCP 1"})
	block := netpol("x", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.168.0.0/24}}]}]")
	check(block, "{}", map[string]string{"h>b": ""})
	check(block, `{"nodeCIDRs": ["192.168.0.0/24"]}`, map[string]string{"h>b": everything})
	check(block, `{"nodeCIDRs": ["192.168.0.0/16"]}`, map[string]string{"h>b": "partly " + everything})
	check(block, `{"nodeCIDRs": ["192.168.0.0/24"], "outside": [{"name": "o", "namespace": "z", "hostNetwork": true}]}`,
		map[string]string{"o>b": everything, "b>o": ""})
	// Pods are in a block only where their addresses are said.
	check(netpol("x", "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}], egress: [{}]"),
		`{"podCIDRs": ["10.0.0.0/8"]}`, map[string]string{"b>b": everything})
}

func TestEveryKindOfWorkload(t *testing.T) {
	template := "template: {metadata: {labels: {app: w}}, spec: {containers: [{name: c, image: i}]}}"
	stream := netpol("", "podSelector: {matchLabels: {app: w}}") + netpol("default", "podSelector: {matchLabels: {job-name: j}}, ingress: [{ports: [{port: 9}]}]")
	for _, kind := range []string{"apps/v1 Deployment", "apps/v1 StatefulSet", "apps/v1 DaemonSet", "apps/v1 ReplicaSet", "batch/v1 Job", "v1 ReplicationController"} {
		version, kind, _ := strings.Cut(kind, " ")
		stream += fmt.Sprintf("---\napiVersion: %s\nkind: %s\nmetadata: {name: j}\nspec: {%s}\n", version, kind, template)
	}
	stream += "---\napiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, metadata: {name: free}, spec: {containers: []}}]\n---\n# nothing\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
	all, err := read(strings.NewReader(stream), surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	found := ""
	for _, each := range all.rows() {
		if each.From == "Pod/default/free" {
			found += each.To + " " + each.Ports + "\n"
		}
	}
	if want := "Job/default/j TCP 9\nPod/default/free " + everything + "\n"; found != want {
		t.Errorf("%s, not %s", found, want)
	}
	if len(all.ends) != 7 {
		t.Error(len(all.ends))
	}
	cron := "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {jobTemplate: {spec: {" + template + "}}}\n" + netpol("default", "podSelector: {matchLabels: {app: w}}")
	compare(t, answers(t, cron, "{}"), map[string]string{"c>c": ""})
}

func TestErrors(t *testing.T) {
	rule := func(port string) string { return netpol("x", "ingress: [{ports: ["+port+"]}]") }
	by := func(peer string) string { return netpol("x", "ingress: [{from: ["+peer+"]}]") }
	cron := "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {}\n"
	for stream, want := range map[string]string{
		rule("{port: 0}"):                                                 "0-0 are no ports",
		rule("{port: 9, endPort: 8}"):                                     "9-8 are no ports",
		rule("{port: 65536}"):                                             "65536",
		rule("{endPort: 8}"):                                              "endPort without a port",
		rule("{port: web, endPort: 8}"):                                   "by name",
		rule("{port: '80'}"):                                              `port "80"`,
		rule("{port: 1, protocol: ICMP}"):                                 "ICMP",
		by("{}"):                                                          "says nothing",
		by("{podSelecter: {}}"):                                           "podSelecter",
		by("{podSelector: {}, ipBlock: {cidr: 1.1.1.1/32}}"):              "ipBlock and a selector",
		by("{ipBlock: {cidr: 1.1.1.1}}"):                                  "no CIDR",
		by("{ipBlock: {cidr: '::ffff:1.1.1.1/120'}}"):                     "IPv4",
		by("{ipBlock: {cidr: 1.1.1.0/24, except: [1.1.1.0/24]}}"):         "not a part",
		by("{ipBlock: {cidr: 1.1.1.0/24, except: [1.1.2.0/25]}}"):         "not a part",
		by("{podSelector: {matchExpressions: [{key: a, operator: In}]}}"): "values",
		by("{podSelector: {matchLabels: {pod-template-hash: a}}}"):        "pod-template-hash",
		by("{podSelector: {matchLabels: {job-name: a}}}") + cron:          "job-name",
		netpol("x", "policyTypes: [Both]"):                                "Both",
		"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: policy}\n":                                 "not understood",
		"apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: policy}\n":                               "not understood",
		"apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: policy}\n":             "not understood",
		pod("x", "a", "", "") + pod("x", "a", "", ""):                                                                     "there twice",
		pod("x", "a", "", "containers: [{ports: [{name: w, containerPort: 1}]}, {ports: [{name: w, containerPort: 2}]}]"): "both 1 and 2",
		"a: 1\na: 2\n": "document 1",
		"a: 1\n":       "no apiVersion",
	} {
		if _, err := read(strings.NewReader(stream), surroundings{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, not %q", stream, err, want)
		}
	}
	for outside, want := range map[string]string{
		`{"outside": [{"name": "o"}]}`:                                                                            "either",
		`{"outside": [{"name": "o", "namespace": "n", "cidr": "1.1.1.1/32"}]}`:                                    "either",
		`{"outside": [{"name": "o", "cidr": "1.1.1.1/32", "labels": {"a": "b"}}]}`:                                "neither labels",
		`{"outside": [{"name": "o", "cidr": "dns.google"}]}`:                                                      "no CIDR",
		`{"outside": [{"name": "o", "namespace": "n", "ports": {"a": "x"}}]}`:                                     "neither a number",
		`{"outside": [{"name": "o", "namespace": "x", "namespaceLabels": {"team": "two"}}]}`:                      "team",
		`{"outside": [{"name": "o", "namespace": "x", "namespaceLabels": {"kubernetes.io/metadata.name": "y"}}]}`: "metadata.name",
		`{"outsider": []}`: "outsider",
	} {
		around, err := readSurroundings([]byte(outside))
		if err == nil {
			_, err = read(strings.NewReader(three), around)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, not %q", outside, err, want)
		}
	}
}

// Sets of ports by intervals are those by single ports.
func TestPortsAreExact(t *testing.T) {
	random := rand.New(rand.NewPCG(18, 1))
	one := func() (ports, [70]bool) {
		var single [70]bool
		of := ports{}
		for range random.IntN(5) {
			first := 1 + random.Int32N(60)
			last := first + random.Int32N(8)
			of = of.or(ports{"TCP": {{first, last}}})
			for port := first; port <= last; port++ {
				single[port] = true
			}
		}
		return of, single
	}
	holds := func(of ports, port int) bool {
		for _, each := range of["TCP"] {
			if int(each.first) <= port && port <= int(each.last) {
				return true
			}
		}
		return false
	}
	for range 2000 {
		a, inA := one()
		b, inB := one()
		for port := 1; port < 70; port++ {
			if holds(a, port) != inA[port] || holds(a.or(b), port) != (inA[port] || inB[port]) ||
				holds(a.and(b), port) != (inA[port] && inB[port]) || holds(a.without(b), port) != (inA[port] && !inB[port]) {
				t.Fatalf("%v %v: %d", a, b, port)
			}
		}
	}
	if every().String() != everything || len(every().without(every())) != 0 {
		t.Error(every())
	}
}

// The pieces of a CIDR cover it once, and a block holds all or nothing of a piece.
func TestPiecesAreExact(t *testing.T) {
	random := rand.New(rand.NewPCG(18, 2))
	for range 500 {
		var cuts []netip.Prefix
		for range 1 + random.IntN(4) {
			address := netip.AddrFrom4([4]byte{10, 0, 0, byte(random.IntN(256))})
			cuts = append(cuts, netip.PrefixFrom(address, 24+random.IntN(9)).Masked())
		}
		found := pieces([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}, cuts)
		for last := range 256 {
			address := netip.AddrFrom4([4]byte{10, 0, 0, byte(last)})
			times := 0
			for _, piece := range found {
				if !piece.Contains(address) {
					continue
				}
				times++
				for _, cut := range cuts {
					if (&block{cidr: cut}).holds(piece) != cut.Contains(address) {
						t.Fatalf("%v in %v: %v", cut, piece, address)
					}
				}
			}
			if times != 1 {
				t.Fatalf("%v: %d times in %v", address, times, found)
			}
		}
	}
}

func TestPrintsLinesAndTable(t *testing.T) {
	stream := pod("x", "a", "app: a", "") + pod("x", "b", "app: b", "") + netpol("x", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: a}}}], ports: [{port: 80}]}]")
	for table, want := range map[bool]string{
		false: `{"from":"Pod/x/a","to":"Pod/x/a","ports":"TCP 80"}` + "\n" + `{"from":"Pod/x/a","to":"Pod/x/b","ports":"TCP 80"}` + "\n",
		true:  "| From | To | Ports |\n| --- | --- | --- |\n| Pod/x/a | Pod/x/a | TCP 80 |\n| Pod/x/a | Pod/x/b | TCP 80 |\n",
	} {
		var out strings.Builder
		if err := run(strings.NewReader(stream), &out, nil, table); err != nil || out.String() != want {
			t.Errorf("%v %s", err, out.String())
		}
	}
}
