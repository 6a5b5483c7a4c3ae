// Package verify reads the files of docs/install as those read them for whom they are
// written: strictly into Kubernetes' own types, and by Compose's own library. It is
// a module of its own, so that theirs is not ours.
package verify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

// kinds are the types of what may stand in kubernetes.yaml.
var kinds = map[string]func() any{
	"v1 ServiceAccount":                  func() any { return &core.ServiceAccount{} },
	"v1 Service":                         func() any { return &core.Service{} },
	"apps/v1 Deployment":                 func() any { return &apps.Deployment{} },
	"networking.k8s.io/v1 Ingress":       func() any { return &networking.Ingress{} },
	"networking.k8s.io/v1 NetworkPolicy": func() any { return &networking.NetworkPolicy{} },
	"policy/v1 PodDisruptionBudget":      func() any { return &policy.PodDisruptionBudget{} },
}

// manifests returns all objects of kubernetes.yaml, strictly decoded.
func manifests(t *testing.T) []any {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "kubernetes.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var list []any
	for _, document := range bytes.Split(file, []byte("\n---\n")) {
		var head struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal(document, &head); err != nil {
			t.Fatal(err)
		}
		make := kinds[head.APIVersion+" "+head.Kind]
		if make == nil {
			t.Fatalf("there is no type for %+v", head)
		}
		object := make()
		if err := yaml.UnmarshalStrict(document, object); err != nil {
			t.Fatalf("%s: %v", head.Kind, err)
		}
		list = append(list, object)
	}
	return list
}

func one[T any](t *testing.T, list []any) T {
	t.Helper()
	for _, object := range list {
		if found, ok := object.(T); ok {
			return found
		}
	}
	t.Fatalf("there is no %T", *new(T))
	panic("unreachable")
}

// TestKubernetes: the manifests say what Kubernetes understands, belong together, and give
// the container nothing that it does not need.
func TestKubernetes(t *testing.T) {
	list := manifests(t)
	d := one[*apps.Deployment](t, list)
	pod := d.Spec.Template
	container := pod.Spec.Containers[0]
	ports := map[string]int32{}
	for _, p := range container.Ports {
		ports[p.Name] = p.ContainerPort
	}
	for what, selector := range map[string]map[string]string{
		"deployment": d.Spec.Selector.MatchLabels,
		"service":    one[*core.Service](t, list).Spec.Selector,
		"budget":     one[*policy.PodDisruptionBudget](t, list).Spec.Selector.MatchLabels,
		"network":    one[*networking.NetworkPolicy](t, list).Spec.PodSelector.MatchLabels,
	} {
		for key, value := range selector {
			if pod.Labels[key] != value {
				t.Errorf("the %s selects %s=%s, which pods don't have", what, key, value)
			}
		}
	}
	for what, probe := range map[string]*core.Probe{"startup": container.StartupProbe, "liveness": container.LivenessProbe, "readiness": container.ReadinessProbe} {
		want := "/healthz"
		if what == "readiness" {
			want = "/readyz"
		}
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != want || ports[probe.HTTPGet.Port.String()] == 0 {
			t.Errorf("the %s probe asks for something else: %+v", what, probe)
		}
	}
	checkDrain(t, pod.Spec, container)
	checkConfined(t, pod.Spec, container)
	if port := one[*core.Service](t, list).Spec.Ports[0].TargetPort.String(); ports[port] == 0 {
		t.Errorf("the service leads to %q", port)
	}
	backend := one[*networking.Ingress](t, list).Spec.Rules[0].HTTP.Paths[0].Backend.Service
	if s := one[*core.Service](t, list); backend.Name != s.Name || backend.Port.Name != s.Spec.Ports[0].Name {
		t.Errorf("the ingress leads to %+v", backend)
	}
}

// checkDrain: the server is seen as not ready before it stops, and has the time to stop.
func checkDrain(t *testing.T, pod core.PodSpec, c core.Container) {
	t.Helper()
	i := slices.IndexFunc(c.Env, func(e core.EnvVar) bool { return e.Name == "MOREPAY_DRAIN" })
	if i < 0 {
		t.Fatal("nothing says how long the server drains")
	}
	drain, err := time.ParseDuration(c.Env[i].Value)
	if err != nil {
		t.Fatal(err)
	}
	unready := time.Duration(c.ReadinessProbe.PeriodSeconds*(c.ReadinessProbe.FailureThreshold+1)) * time.Second
	if drain <= unready {
		t.Errorf("it drains for %v, and may be seen as ready for %v", drain, unready)
	}
	if grace := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second; grace <= drain+8*time.Second {
		t.Errorf("it is killed after %v", grace)
	}
}

func checkConfined(t *testing.T, pod core.PodSpec, c core.Container) {
	t.Helper()
	s := c.SecurityContext
	if !*pod.SecurityContext.RunAsNonRoot || !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || *pod.AutomountServiceAccountToken ||
		!slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}) || pod.SecurityContext.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
		t.Errorf("the container may do more than it needs: %+v %+v", pod.SecurityContext, s)
	}
	for _, m := range c.VolumeMounts {
		if !m.ReadOnly || !slices.ContainsFunc(pod.Volumes, func(v core.Volume) bool { return v.Name == m.Name }) {
			t.Errorf("the mount %s can be written to, or is not there", m.Name)
		}
	}
}

// TestCompose: Compose's own library takes the file, and the container may write nothing.
func TestCompose(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{filepath.Join("..", "compose.yaml")},
		cli.WithEnv([]string{"POSTGRES_PASSWORD=p", "MOREPAY_SECRET=s", "MOREPAY_BASE_URL=https://pay.example"}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server, err := project.GetService("morepay")
	if err != nil {
		t.Fatal(err)
	}
	if !server.ReadOnly || !slices.Equal(server.CapDrop, []string{"ALL"}) {
		t.Error("the container may do more than it needs")
	}
	if _, err := os.Stat(filepath.Join(server.Build.Context, server.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
	nginx, err := project.GetService("nginx")
	if err != nil {
		t.Fatal(err)
	}
	trusted := *server.Environment["MOREPAY_TRUSTED_PROXIES"]
	if address := nginx.Networks["default"].Ipv4Address; trusted != address+"/32" {
		t.Errorf("%s is trusted, and nginx is %s", trusted, address)
	}
	if _, err := os.Stat(nginx.Volumes[0].Source); err != nil {
		t.Error(err)
	}
}

// TestNginx: nginx takes the configuration, with a certificate at the place that it names.
func TestNginx(t *testing.T) {
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		nginx = "/usr/sbin/nginx"
	}
	if _, err := os.Stat(nginx); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("nginx is not installed")
		}
		t.Skip("nginx is not installed")
	}
	folder := t.TempDir()
	config, err := os.ReadFile(filepath.Join("..", "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	// Where it listens and whom it asks is another machine's.
	here := strings.NewReplacer("morepay:8080", "127.0.0.1:8080", "listen 80;", "listen unix:"+folder+"/h;", "listen 443 ssl", "listen unix:"+folder+"/s ssl",
		"events {", "pid nginx.pid; error_log stderr;\nevents {", "server_tokens off;", "server_tokens off; access_log off;").Replace(string(config))
	certificate, key := pair(t)
	for name, text := range map[string]string{"nginx.conf": here, "tls/pay.crt": certificate, "tls/pay.key": key} {
		name = filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), nginx, "-t", "-p", folder, "-c", filepath.Join(folder, "nginx.conf")).CombinedOutput(); err != nil {
		t.Errorf("nginx refuses it: %v\n%s", err, out)
	}
}

// pair returns a certificate and its key, in PEM.
func pair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"pay.example"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}
