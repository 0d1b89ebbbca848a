// Package npguard compares the answers of netpol, one directory up, with those of np-guard's netpol-analyzer on random
// topologies: two readings of the API that share no code. It stays to what np-guard v1.2.1 can say: no IPv6, no pods of the
// host's network, no pods of one workload to each other.
//
// It builds netpol itself, which the cache of `go test` does not see: run it with -count=1.
package npguard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/np-guard/netpol-analyzer/pkg/netpol/connlist"
	v1 "k8s.io/api/core/v1"
)

var addresses = []string{"8.8.8.8", "8.8.8.200", "10.1.2.3"}

func pick[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }

func workload(kind, namespace, name, labels string, base int) string {
	return fmt.Sprintf(`---
apiVersion: apps/v1
kind: %s
metadata: {name: %s, namespace: %s}
spec:
  selector: {matchLabels: {app: %[2]s}}
  template:
    metadata: {labels: {app: %[2]s%[4]s}}
    spec: {containers: [{name: c, image: i, ports: [{name: web, containerPort: %[5]d}, {name: dns, containerPort: %[6]d, protocol: UDP}]}]}
`, kind, name, namespace, labels, base, base+1)
}

func selector(random *rand.Rand) string {
	return pick(random, "{}", "{matchLabels: {app: a}}", "{matchLabels: {app: b}}", "{matchLabels: {tier: db}}",
		"{matchExpressions: [{key: app, operator: In, values: [a, c, o]}]}", "{matchExpressions: [{key: tier, operator: NotIn, values: [db]}]}",
		"{matchExpressions: [{key: tier, operator: Exists}]}", "{matchExpressions: [{key: tier, operator: DoesNotExist}], matchLabels: {app: d}}")
}

func rules(random *rand.Rand, peers string) string {
	var all []string
	for range random.IntN(3) {
		var from, ports, parts []string
		blocks := false
		for range random.IntN(3) {
			namespaces := pick(random, "{}", "{matchLabels: {team: one}}", "{matchLabels: {kubernetes.io/metadata.name: two}}",
				"{matchExpressions: [{key: team, operator: NotIn, values: [one]}]}")
			switch random.IntN(4) {
			case 0:
				from = append(from, "{podSelector: "+selector(random)+"}")
			case 1:
				from = append(from, "{namespaceSelector: "+namespaces+"}")
			case 2:
				from = append(from, "{namespaceSelector: "+namespaces+", podSelector: "+selector(random)+"}")
			default:
				blocks = true
				from = append(from, pick(random, "{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}", "{ipBlock: {cidr: 8.8.8.0/24}}",
					"{ipBlock: {cidr: 8.8.0.0/16, except: [8.8.8.128/25]}}", "{ipBlock: {cidr: 10.1.2.3/32}}"))
			}
		}
		for range random.IntN(3) {
			port := pick(random, "{port: 8080}", "{port: 80, endPort: 8085}", "{port: 8081, protocol: UDP}", "{protocol: SCTP}", "{}",
				"{port: web}", "{port: dns, protocol: UDP}", "{port: dns}", "{port: none}")
			// np-guard refuses a port by name to an address.
			if named := strings.Contains(port, "web") || strings.Contains(port, "dns") || strings.Contains(port, "none"); named && peers == "to" && (blocks || len(from) == 0) {
				continue
			}
			ports = append(ports, port)
		}
		if len(from) > 0 || random.IntN(2) == 0 {
			parts = append(parts, peers+": ["+strings.Join(from, ", ")+"]")
		}
		parts = append(parts, "ports: ["+strings.Join(ports, ", ")+"]")
		all = append(all, "{"+strings.Join(parts, ", ")+"}")
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func topology(random *rand.Rand) string {
	stream := "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: one, labels: {team: one}}\n" +
		workload("Deployment", "one", "a", "", 8080) + workload("StatefulSet", "one", "b", ", tier: db", 8082) +
		workload("DaemonSet", "two", "c", "", 8084) + workload("Deployment", "two", "d", ", tier: ui", 8086)
	for i := range 1 + random.IntN(5) {
		stream += fmt.Sprintf("---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p%d, namespace: %s}\nspec:\n  podSelector: %s\n",
			i, pick(random, "one", "two"), selector(random))
		if types := pick(random, "", "[Ingress]", "[Egress]", "[Ingress, Egress]"); types != "" {
			stream += "  policyTypes: " + types + "\n"
		}
		if random.IntN(4) > 0 {
			stream += "  ingress: " + rules(random, "from") + "\n"
		}
		if random.IntN(4) > 0 {
			stream += "  egress: " + rules(random, "to") + "\n"
		}
	}
	return stream
}

// theirs are np-guard's answers; a pod of the outside is an object to it.
func theirs(t *testing.T, stream string) map[string]string {
	t.Helper()
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "all.yaml"), []byte(stream), 0o600); err != nil {
		t.Fatal(err)
	}
	analyzer := connlist.NewConnlistAnalyzer(connlist.WithMuteErrsAndWarns())
	all, peers, err := analyzer.ConnlistFromDirPath(directory)
	if err != nil || len(peers) == 0 {
		t.Fatalf("%v, %d peers", err, len(peers))
	}
	for _, each := range analyzer.Errors() {
		t.Fatalf("%v\n%s", each.Error(), stream)
	}
	names := func(peer connlist.Peer) []string {
		if !peer.IsPeerIPType() {
			if peer.Name() == "o" {
				return []string{"o"}
			}
			return []string{peer.Kind() + "/" + peer.Namespace() + "/" + peer.Name()}
		}
		var found []string
		for _, address := range addresses {
			if within(t, netip.MustParseAddr(address), peer.IP()) {
				found = append(found, address)
			}
		}
		return found
	}
	found := map[string]string{}
	for _, each := range all {
		var parts []string
		for _, protocol := range []v1.Protocol{v1.ProtocolTCP, v1.ProtocolUDP, v1.ProtocolSCTP} {
			var spans []string
			if each.AllProtocolsAndPorts() {
				spans = append(spans, "1-65535")
			} else {
				for _, ports := range each.ProtocolsAndPorts()[protocol] {
					text := fmt.Sprint(ports.Start())
					if ports.End() > ports.Start() {
						text += fmt.Sprint("-", ports.End())
					}
					spans = append(spans, text)
				}
			}
			if len(spans) > 0 {
				parts = append(parts, string(protocol)+" "+strings.Join(spans, ","))
			}
		}
		for _, from := range names(each.Src()) {
			for _, to := range names(each.Dst()) {
				found[from+" > "+to] = strings.Join(parts, "; ")
			}
		}
	}
	return found
}

// within reads np-guard's ranges, "first-last" or a CIDR, with commas between.
func within(t *testing.T, address netip.Addr, ranges string) bool {
	t.Helper()
	for _, each := range strings.Split(ranges, ",") {
		each = strings.TrimSpace(each)
		if first, last, is := strings.Cut(each, "-"); is {
			if netip.MustParseAddr(first).Compare(address) <= 0 && address.Compare(netip.MustParseAddr(last)) <= 0 {
				return true
			}
		} else if prefix, err := netip.ParsePrefix(each); err != nil {
			t.Fatal(err)
		} else if prefix.Contains(address) {
			return true
		}
	}
	return false
}

func TestAgrees(t *testing.T) {
	directory := t.TempDir()
	netpol := filepath.Join(directory, "netpol")
	if out, err := exec.Command("go", "build", "-C", "..", "-o", netpol, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	outside := filepath.Join(directory, "outside.json")
	text := `{"outside": [{"name": "o", "namespace": "three", "labels": {"app": "o"}, "ports": {"web": 8090, "dns": "8091/UDP"}}`
	for _, address := range addresses {
		text += fmt.Sprintf(`, {"name": "%s", "cidr": "%[1]s/32"}`, address)
	}
	if err := os.WriteFile(outside, []byte(text+"]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(18, 3))
	compared, limited := 0, 0
	for range 300 {
		stream := topology(random)
		command := exec.Command(netpol, outside)
		command.Stdin = strings.NewReader(stream)
		var stderr bytes.Buffer
		command.Stderr = &stderr
		out, err := command.Output()
		if err != nil {
			t.Fatalf("%v %s\n%s", err, stderr.String(), stream)
		}
		ours := map[string]string{}
		for line := range strings.Lines(string(out)) {
			var row struct{ From, To, Ports string }
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			if row.From != row.To {
				ours[row.From+" > "+row.To] = row.Ports
			}
		}
		their := theirs(t, stream+workload("Deployment", "three", "o", "", 8090))
		for pair := range their {
			// Between ends outside, which netpol does not show.
			if from, to, _ := strings.Cut(pair, " > "); !strings.Contains(from, "/") && !strings.Contains(to, "/") {
				delete(their, pair)
			}
		}
		for pair, ports := range ours {
			if their[pair] != ports {
				t.Fatalf("%s: %q, np-guard says %q\n%s", pair, ports, their[pair], stream)
			}
			compared++
			if !strings.HasPrefix(ports, "TCP 1-65535; UDP 1-65535; SCTP") {
				limited++
			}
		}
		for pair, ports := range their {
			if _, there := ours[pair]; !there {
				t.Fatalf("%s: none, np-guard says %q\n%s", pair, ports, stream)
			}
		}
	}
	t.Logf("%d connections agree, %d of them to some ports only", compared, limited)
	if limited < 500 {
		t.Error("the topologies are too plain to show anything")
	}
}
