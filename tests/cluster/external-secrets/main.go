// The External Secrets Operator with one provider: its own command links every provider there is, and takes many times as
// long to build. The reconcilers and the provider are its own.
package main

import (
	"log"
	"os"
	"time"

	"go.uber.org/zap/zapcore"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	corev1 "k8s.io/api/core/v1"

	esv1 "github.com/external-secrets/external-secrets/apis/externalsecrets/v1"
	esv1alpha1 "github.com/external-secrets/external-secrets/apis/externalsecrets/v1alpha1"
	genv1alpha1 "github.com/external-secrets/external-secrets/apis/generators/v1alpha1"
	"github.com/external-secrets/external-secrets/pkg/controllers/externalsecret"
	"github.com/external-secrets/external-secrets/pkg/controllers/externalsecret/esmetrics"
	ctrlmetrics "github.com/external-secrets/external-secrets/pkg/controllers/metrics"
	"github.com/external-secrets/external-secrets/pkg/controllers/secretstore"
	"github.com/external-secrets/external-secrets/pkg/controllers/secretstore/cssmetrics"
	"github.com/external-secrets/external-secrets/pkg/controllers/secretstore/ssmetrics"
	"github.com/external-secrets/external-secrets/pkg/feature"
	_ "github.com/external-secrets/external-secrets/pkg/provider/vault"
)

func must(err error) {
	if err != nil {
		log.Print(err)
		os.Exit(1)
	}
}

func main() {
	ctrl.SetLogger(zap.New(zap.Level(zapcore.InfoLevel)))
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, esv1.AddToScheme, esv1alpha1.AddToScheme, genv1alpha1.AddToScheme,
	} {
		must(add(scheme))
	}
	ctrlmetrics.SetUpLabelNames(false)
	esmetrics.SetUpMetrics()
	ssmetrics.SetUpMetrics()
	cssmetrics.SetUpMetrics()
	mgr, err := ctrl.NewManager(ctrl.GetConfigOrDie(), ctrl.Options{
		Scheme:  scheme,
		Metrics: server.Options{BindAddress: "0"},
		Client: client.Options{
			Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}}},
		},
	})
	must(err)
	options := controller.Options{MaxConcurrentReconciles: 2}
	must((&secretstore.StoreReconciler{
		Client: mgr.GetClient(), Scheme: scheme, Log: ctrl.Log.WithName("SecretStore"),
		ControllerClass: "default", RequeueInterval: time.Minute,
	}).SetupWithManager(mgr, options))
	must((&secretstore.ClusterStoreReconciler{
		Client: mgr.GetClient(), Scheme: scheme, Log: ctrl.Log.WithName("ClusterSecretStore"),
		ControllerClass: "default", RequeueInterval: time.Minute,
	}).SetupWithManager(mgr, options))
	must((&externalsecret.Reconciler{
		Client: mgr.GetClient(), SecretClient: mgr.GetClient(), Scheme: scheme, Log: ctrl.Log.WithName("ExternalSecret"),
		RestConfig: mgr.GetConfig(), ControllerClass: "default", RequeueInterval: time.Hour, ClusterSecretStoreEnabled: true,
	}).SetupWithManager(mgr, options))
	for _, one := range feature.Features() {
		if one.Initialize != nil {
			one.Initialize()
		}
	}
	must(mgr.Start(ctrl.SetupSignalHandler()))
}
