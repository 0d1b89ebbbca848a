// Argo CD's own servers for applications' manifests, and a client that asks them: the name of the binary chooses, as in
// Argo CD's cmd/main.go, of which these are the lines for two of its commands.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	cmpserver "github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/util/log"
	"k8s.io/klog/v2"
)

func main() {
	klog.SetLogger(log.NewLogrusLogger(log.NewWithCurrentConfig()))
	var run func() error
	switch filepath.Base(os.Args[0]) {
	case common.CommandCMPServer:
		run = cmpserver.NewCommand().Execute
	case common.CommandRepoServer:
		run = reposerver.NewCommand().Execute
	default:
		run = func() error { return client(os.Args[1:]) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
