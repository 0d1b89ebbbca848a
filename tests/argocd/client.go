package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	cmpclient "github.com/argoproj/argo-cd/v3/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/reposerver/apiclient"
	"github.com/argoproj/argo-cd/v3/util/cmp"
	"github.com/argoproj/argo-cd/v3/util/tls"
)

// An answer to one request: manifests, or the error that the application shows.
type answer struct {
	Name       string   `json:"name"`
	SourceType string   `json:"sourceType,omitempty"`
	Manifests  []string `json:"manifests"`
	Error      string   `json:"error,omitempty"`
	Seconds    float64  `json:"seconds"`
}

// A list of values of a flag that is given more than once.
type values []string

func (v *values) String() string     { return strings.Join(*v, ",") }
func (v *values) Set(s string) error { *v = append(*v, s); return nil }

// client asks a cmp-server as the repo-server does, or a repo-server as the application controller does, and prints the
// answers as JSON.
func client(args []string) error {
	if len(args) < 1 {
		return errors.New("usage: argocd-client cmp|parameters|apps|redis FLAGS")
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	socket := flags.String("socket", "", "socket of a cmp-server")
	server := flags.String("server", "", "address of a repo-server")
	repo := flags.String("repo", "", "a folder, for a cmp-server; a URL, for a repo-server")
	path := flags.String("path", ".", "path of the application; %d is its number")
	source := flags.String("source", "{}", "further fields of the application's source, as JSON")
	count := flags.Int("count", 1, "requests at once")
	options := flags.String("build-options", "", "kustomize.buildOptions of argocd-cm")
	noCache := flags.Bool("no-cache", false, "a hard refresh")
	timeout := flags.Duration("timeout", time.Minute, "deadline of a request")
	var env values
	flags.Var(&env, "env", "NAME=VALUE for the plugin, as the repo-server gives it")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}

	ask := func(ctx context.Context, number int, out *answer) error {
		at := strings.ReplaceAll(*path, "%d", fmt.Sprint(number))
		switch args[0] {
		case "cmp":
			return generate(ctx, *socket, *repo, at, env, out)
		case "apps":
			return application(ctx, *server, *repo, at, *source, *options, *noCache, out)
		}
		return fmt.Errorf("unknown command %q", args[0])
	}
	if args[0] == "redis" {
		return redis(*server)
	}
	if args[0] == "parameters" {
		ctx, cancel := context.WithTimeout(context.Background(), *timeout)
		defer cancel()
		return parameters(ctx, *socket, *repo, *path)
	}

	answers := make([]answer, *count)
	var group sync.WaitGroup
	for number := range answers {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), *timeout)
			defer cancel()
			out := &answers[number]
			out.Name = fmt.Sprintf("app-%d", number)
			start := time.Now()
			if err := ask(ctx, number, out); err != nil {
				out.Error = err.Error()
			}
			out.Seconds = time.Since(start).Seconds()
		})
	}
	group.Wait()
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func generate(ctx context.Context, socket, repo, path string, env []string, out *answer) error {
	closer, plugin, err := cmpclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	if err != nil {
		return err
	}
	defer closer.Close()
	stream, err := plugin.GenerateManifest(ctx)
	if err != nil {
		return err
	}
	if err := cmp.SendRepoStream(ctx, repo+"/"+path, repo, stream, env, nil); err != nil {
		return err
	}
	response, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	out.Manifests = response.Manifests
	return nil
}

// redis is the repo-server's cache, in memory, as Argo CD's own tests have it.
func redis(address string) error {
	if err := miniredis.NewMiniRedis().StartAddr(address); err != nil {
		return err
	}
	select {}
}

func parameters(ctx context.Context, socket, repo, path string) error {
	closer, plugin, err := cmpclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	if err != nil {
		return err
	}
	defer closer.Close()
	stream, err := plugin.GetParametersAnnouncement(ctx)
	if err != nil {
		return err
	}
	if err := cmp.SendRepoStream(ctx, repo+"/"+path, repo, stream, nil, nil); err != nil {
		return err
	}
	response, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(response.ParameterAnnouncements)
}

func application(ctx context.Context, server, repo, path, source, options string, noCache bool, out *answer) error {
	closer, repos, err := apiclient.NewRepoServerClientset(server, 0, tls.Configuration{DisableTLS: true}).NewRepoServerClient()
	if err != nil {
		return err
	}
	defer closer.Close()
	app := v1alpha1.ApplicationSource{RepoURL: repo, Path: path, TargetRevision: "HEAD"}
	if err := json.Unmarshal([]byte(source), &app); err != nil {
		return err
	}
	response, err := repos.GenerateManifest(ctx, &apiclient.ManifestRequest{
		Repo:               &v1alpha1.Repository{Repo: repo},
		Revision:           "HEAD",
		NoCache:            noCache,
		AppName:            out.Name,
		Namespace:          "default",
		ApplicationSource:  &app,
		KustomizeOptions:   &v1alpha1.KustomizeOptions{BuildOptions: options},
		KubeVersion:        "1.36",
		ProjectName:        "default",
		ProjectSourceRepos: []string{"*"},
	})
	if err != nil {
		return err
	}
	out.SourceType, out.Manifests = response.SourceType, response.Manifests
	return nil
}
