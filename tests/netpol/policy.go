package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

// end is one end of a connection: the pods of a workload, pods outside of the stream, or addresses.
type end struct {
	name            string
	outside         bool
	namespace       string
	namespaceLabels labels.Set
	labels          labels.Set
	ports           map[corev1.Protocol]map[string]int32
	// In a network namespace of its own: only then do policies and selectors know it.
	pod bool
	// Where its addresses lie, as far as that is known.
	addresses []netip.Prefix
}

// policy is a NetworkPolicy as the API server reads it, defaults filled in.
type policy struct {
	namespace       string
	selects         labels.Selector
	ingress, egress []rule
	isolatesIngress bool
	isolatesEgress  bool
}

// rule allows connections with some peers, by some ports of the destination.
type rule struct {
	anyPeer bool
	peers   []peer
	anyPort bool
	ports   []rulePort
}

// peer is a block, or pods by selectors that must both match.
type peer struct {
	block      *block
	namespaces labels.Selector
	pods       labels.Selector
}

type rulePort struct {
	protocol corev1.Protocol
	name     string
	span     span
}

func readPolicy(from *networkingv1.NetworkPolicy, undecidable func(key string) bool) (*policy, error) {
	spec := from.Spec
	selector := func(of *metav1.LabelSelector) (labels.Selector, error) {
		read, err := metav1.LabelSelectorAsSelector(of)
		if err != nil {
			return nil, err
		}
		requirements, _ := read.Requirements()
		for _, each := range requirements {
			if undecidable(each.Key()) {
				return nil, fmt.Errorf("a selector names the label %s, which a controller sets on pods: not known before they run", each.Key())
			}
		}
		return read, nil
	}
	read := &policy{namespace: from.Namespace}
	var err error
	if read.selects, err = selector(&spec.PodSelector); err != nil {
		return nil, err
	}
	if len(spec.PolicyTypes) == 0 {
		read.isolatesIngress, read.isolatesEgress = true, len(spec.Egress) > 0
	}
	for _, each := range spec.PolicyTypes {
		switch each {
		case networkingv1.PolicyTypeIngress:
			read.isolatesIngress = true
		case networkingv1.PolicyTypeEgress:
			read.isolatesEgress = true
		default:
			return nil, fmt.Errorf("policyTypes: %q is none", each)
		}
	}
	for i, each := range spec.Ingress {
		one, err := readRule(from.Namespace, each.From, each.Ports, selector)
		if err != nil {
			return nil, fmt.Errorf("ingress[%d]: %w", i, err)
		}
		read.ingress = append(read.ingress, one)
	}
	for i, each := range spec.Egress {
		one, err := readRule(from.Namespace, each.To, each.Ports, selector)
		if err != nil {
			return nil, fmt.Errorf("egress[%d]: %w", i, err)
		}
		read.egress = append(read.egress, one)
	}
	return read, nil
}

func readRule(
	namespace string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort,
	selector func(*metav1.LabelSelector) (labels.Selector, error),
) (rule, error) {
	// Missing and empty are the same to the API: everybody, every port.
	read := rule{anyPeer: len(peers) == 0, anyPort: len(ports) == 0}
	for _, from := range peers {
		one, err := readPeer(namespace, from, selector)
		if err != nil {
			return read, err
		}
		read.peers = append(read.peers, one)
	}
	for _, from := range ports {
		one, err := readPort(from)
		if err != nil {
			return read, err
		}
		read.ports = append(read.ports, one)
	}
	return read, nil
}

func readPeer(
	namespace string, from networkingv1.NetworkPolicyPeer, selector func(*metav1.LabelSelector) (labels.Selector, error),
) (read peer, err error) {
	if from.IPBlock != nil {
		if from.PodSelector != nil || from.NamespaceSelector != nil {
			return read, errors.New("a peer has an ipBlock and a selector; the API server refuses that")
		}
		read.block, err = readBlock(from.IPBlock)
		return read, err
	}
	if from.PodSelector == nil && from.NamespaceSelector == nil {
		return read, errors.New("a peer says nothing; the API server refuses that")
	}
	read.namespaces = labels.SelectorFromSet(labels.Set{corev1.LabelMetadataName: namespace})
	if from.NamespaceSelector != nil {
		if read.namespaces, err = selector(from.NamespaceSelector); err != nil {
			return read, err
		}
	}
	read.pods = labels.Everything()
	if from.PodSelector != nil {
		read.pods, err = selector(from.PodSelector)
	}
	return read, err
}

func readPort(from networkingv1.NetworkPolicyPort) (rulePort, error) {
	read := rulePort{protocol: corev1.ProtocolTCP, span: span{1, lastPort}}
	if from.Protocol != nil {
		read.protocol = *from.Protocol
	}
	if !slices.Contains(protocols, read.protocol) {
		return read, fmt.Errorf("%q is no protocol of the API", read.protocol)
	}
	if from.Port == nil {
		if from.EndPort != nil {
			return read, errors.New("an endPort without a port; the API server refuses that")
		}
		return read, nil
	}
	if from.Port.Type == intstr.String {
		if from.EndPort != nil {
			return read, errors.New("an endPort with a port by name; the API server refuses that")
		}
		if problems := validation.IsValidPortName(from.Port.StrVal); len(problems) > 0 {
			return read, fmt.Errorf("port %q: %s", from.Port.StrVal, problems[0])
		}
		read.name = from.Port.StrVal
		return read, nil
	}
	read.span = span{from.Port.IntVal, from.Port.IntVal}
	if from.EndPort != nil {
		read.span.last = *from.EndPort
	}
	if read.span.first < 1 || read.span.last > lastPort || read.span.last < read.span.first {
		return read, fmt.Errorf("%d-%d are no ports", read.span.first, read.span.last)
	}
	return read, nil
}

// matches says whether a peer is meant, at an address of the piece.
func (p peer) matches(other *end, piece netip.Prefix) bool {
	if p.block != nil {
		return p.block.holds(piece)
	}
	return other.pod && p.namespaces.Matches(other.namespaceLabels) && p.pods.Matches(other.labels)
}

func (r rule) matches(other *end, piece netip.Prefix) bool {
	return r.anyPeer || slices.ContainsFunc(r.peers, func(each peer) bool { return each.matches(other, piece) })
}

// on are the ports of a rule at a destination, which says what the names stand for. A name that it does not declare for the
// protocol stands for nothing.
func (r rule) on(to *end) ports {
	if r.anyPort {
		return every()
	}
	allowed := ports{}
	for _, each := range r.ports {
		spans := each.span
		if each.name != "" {
			number, declared := to.ports[each.protocol][each.name]
			if !declared {
				continue
			}
			spans = span{number, number}
		}
		allowed = allowed.or(ports{each.protocol: {spans}})
	}
	return allowed
}

func (p *policy) covers(one *end) bool {
	return one.pod && p.namespace == one.namespace && p.selects.Matches(one.labels)
}

// reach are the ports that are allowed for all of the addresses of an end, and those for at least some.
type reach struct{ whole, some ports }

// half is what the policies at one end of a connection allow: `at` is that end, `other` is the peer that its rules name.
func half(policies []*policy, at, other, to *end, ingress bool) reach {
	var rules []rule
	isolated := false
	for _, each := range policies {
		isolates, of := each.isolatesEgress, each.egress
		if ingress {
			isolates, of = each.isolatesIngress, each.ingress
		}
		if isolates && each.covers(at) {
			isolated = true
			rules = append(rules, of...)
		}
	}
	if !isolated {
		return reach{every(), every()}
	}
	var cuts []netip.Prefix
	for _, each := range rules {
		for _, peer := range each.peers {
			if peer.block != nil {
				cuts = append(append(cuts, peer.block.cidr), peer.block.except...)
			}
		}
	}
	found := reach{every(), ports{}}
	for _, piece := range pieces(other.addresses, cuts) {
		allowed := ports{}
		for _, each := range rules {
			if each.matches(other, piece) {
				allowed = allowed.or(each.on(to))
			}
		}
		found.whole, found.some = found.whole.and(allowed), found.some.or(allowed)
	}
	return found
}

// connection is what both ends allow.
func connection(policies []*policy, from, to *end) reach {
	out, in := half(policies, from, to, to, false), half(policies, to, from, to, true)
	return reach{out.whole.and(in.whole), out.some.and(in.some)}
}

// String is empty when nothing is allowed.
func (r reach) String() string {
	text := r.whole.String()
	if part := r.some.without(r.whole).String(); part != "" {
		if text != "" {
			text += "; "
		}
		text += "partly " + part
	}
	return text
}
