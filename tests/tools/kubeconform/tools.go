//go:build tools

// Package tools pins kubeconform, by which `make validate-k8s` validates what the examples render to.
package tools

import _ "github.com/yannh/kubeconform/cmd/kubeconform"
