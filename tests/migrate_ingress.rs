//! `krmor migrate ingress`: what Ingresses become, in files, and that it does the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use crate::common::apps::objects;
use crate::common::crds::Crds;
use crate::common::{Folder, krmor, text, tool};
use serde_json::Value;

/// The trees of a file, each with its files.
fn trees() -> Vec<(String, Vec<(String, String)>)> {
    let all = std::fs::read_to_string("tests/migrate/trees.txt").unwrap();
    let trees = all.split("\n## ").skip(1).map(|tree| {
        let (title, rest) = tree.split_once('\n').unwrap();
        let files = rest.split("== ").skip(1).map(|file| {
            let (name, text) = file.split_once('\n').unwrap();
            (name.to_owned(), format!("{}\n", text.trim_end()))
        });
        (title.to_owned(), files.collect())
    });
    trees.collect()
}

fn folder(files: &[(String, String)]) -> Folder {
    let folder = Folder::new("migrate");
    for (name, text) in files {
        folder.write(name, text);
    }
    folder
}

fn tree(files: &[(&str, &str)]) -> Folder {
    folder(&files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect::<Vec<_>>())
}

/// Runs the migration in a folder, whose files are then `./…`.
fn migrate(folder: &Path, args: &[&str]) -> Output {
    let mut command = krmor();
    command.current_dir(folder).args(["migrate", "ingress", "--to", "gateway", "."]).args(args).output().unwrap()
}

fn to_class(folder: &Path, more: &[&str]) -> Output {
    migrate(folder, &[&["--gateway-class", "envoy"], more].concat())
}

fn succeeded(out: &Output) -> String {
    assert!(out.status.success(), "{}{}", text(&out.stdout), text(&out.stderr));
    text(&out.stdout)
}

/// What a run says that refuses, having written nothing.
fn refused(out: &Output) -> String {
    assert_eq!(out.status.code(), Some(1), "{}{}", text(&out.stdout), text(&out.stderr));
    assert_eq!(text(&out.stdout), "");
    text(&out.stderr)
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeMap<String, String> {
    fn walk(folder: &Path, root: &Path, out: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, out);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                out.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(folder, folder, &mut out);
    out
}

/// What stock kustomize makes of a directory.
fn kustomize(directory: &Path) -> Vec<Value> {
    let out = Command::new(tool("kustomize")).arg("build").arg(directory).output().unwrap();
    assert!(out.status.success(), "{}: {}", directory.display(), text(&out.stderr));
    objects(text(&out.stdout))
}

fn is_of_gateways(object: &Value) -> bool {
    object["apiVersion"].as_str().unwrap().starts_with("gateway.networking.k8s.io/")
}

fn by_name(mut objects: Vec<Value>) -> Vec<Value> {
    objects.sort_by_key(|object| {
        format!("{} {} {}", object["kind"], object["metadata"]["namespace"], object["metadata"]["name"])
    });
    objects
}

/// The law of the migration: to migrate and render is to render and migrate. Stock kustomize renders both.
#[test]
fn to_migrate_and_render_is_to_render_and_migrate() {
    let crds = Crds::load();
    for (title, tree) in trees() {
        let migrated = folder(&tree);
        let before = folder(&tree);
        let said = succeeded(&to_class(&migrated.0, &[]));
        assert!(said.contains("proof: "), "{title}: {said}");
        let mut seen = 0;
        for (name, _) in tree.iter().filter(|(name, _)| name.ends_with("kustomization.yaml")) {
            let directory = Path::new(name).parent().unwrap();
            if tree.iter().any(|(other, text)| other == name && text.contains("kind: Component")) {
                continue;
            }
            let after = kustomize(&migrated.0.join(directory));
            assert!(!after.iter().any(|object| object["kind"] == "Ingress"), "{title}: {name}");
            for object in &after {
                assert_eq!(
                    crds.problems(object).unwrap_or_default(),
                    Vec::<String>::new(),
                    "{title}: {name}: {object:#}"
                );
            }
            let rendered = kustomize(&before.0.join(directory));
            let others = |objects: &[Value]| {
                by_name(
                    objects.iter().filter(|one| one["kind"] != "Ingress" && !is_of_gateways(one)).cloned().collect(),
                )
            };
            assert_eq!(others(&after), others(&rendered), "{title}: {name}: other objects changed");
            // Each base has a Gateway of its own, which the rendered Ingresses do not show any more.
            if title.contains("two bases") || title.contains("suffix") || name.contains("some/") {
                continue;
            }
            let flat = Folder::new("flat");
            let joined: Vec<String> = rendered.iter().map(ToString::to_string).collect();
            flat.write("all.yaml", joined.join("\n---\n"));
            succeeded(&to_class(&flat.0, &[]));
            let wanted = objects(std::fs::read_to_string(flat.0.join("all.yaml")).unwrap());
            let of_gateways = |objects: Vec<Value>| by_name(objects.into_iter().filter(is_of_gateways).collect());
            let (after, wanted) = (of_gateways(after), of_gateways(wanted));
            for (own, other) in after.iter().zip(&wanted) {
                let mut own = own.clone();
                if title.contains("label stays") {
                    // The patch is for the Gateway too, which no annotation of the Ingress reaches.
                    own["metadata"].as_object_mut().unwrap().remove("annotations");
                    let mut other = other.clone();
                    other["metadata"].as_object_mut().unwrap().remove("annotations");
                    assert_eq!(own, other, "{title}: {name}");
                } else {
                    assert_eq!(&own, other, "{title}: {name}");
                }
            }
            assert_eq!(after.len(), wanted.len(), "{title}: {name}");
            seen += 1;
        }
        println!("{title}: {seen}");
        // A second run finds nothing.
        let done = files(&migrated.0);
        assert_eq!(succeeded(&to_class(&migrated.0, &[])), "there is nothing to migrate\n", "{title}");
        assert_eq!(files(&migrated.0), done, "{title}");
    }
}

const HOST: &str = "a.example.com";

/// An Ingress of the class `nginx`: annotations of ingress-nginx without their prefix, and `path pathType service:port`.
fn ingress(name: &str, annotations: &[(&str, &str)], tls: bool, paths: &[&str]) -> String {
    let mut out = format!("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n");
    for (number, (key, value)) in annotations.iter().enumerate() {
        out += if number == 0 { "  annotations:\n" } else { "" };
        let prefix = if key.contains('/') { "" } else { "nginx.ingress.kubernetes.io/" };
        out += &format!("    {prefix}{key}: {}\n", Value::from(*value));
    }
    out += "spec:\n  ingressClassName: nginx\n";
    if tls {
        out += &format!("  tls:\n    - hosts: [{HOST}]\n      secretName: web-tls\n");
    }
    out += &format!("  rules:\n    - host: {HOST}\n      http:\n        paths:\n");
    for path in paths {
        let parts: Vec<&str> = path.split(' ').collect();
        let (service, port) = parts[2].split_once(':').unwrap();
        out += &format!("          - path: {}\n            pathType: {}\n", parts[0], parts[1]);
        out += &format!("            backend: {{service: {{name: {service}, port: {{number: {port}}}}}}}\n");
    }
    out
}

/// What an Ingress becomes with some options: objects by kind and name.
fn become_of(manifests: &str, args: &[&str]) -> BTreeMap<String, Value> {
    let folder = tree(&[("all.yaml", manifests)]);
    let crds = Crds::load();
    let args: Vec<&str> =
        if args.contains(&"--gateway") { args.to_vec() } else { [&["--gateway-class", "c"], args].concat() };
    let said = succeeded(&migrate(&folder.0, &args));
    assert!(said.contains("get the same answers before and after"), "{said}");
    let made = objects(std::fs::read_to_string(folder.0.join("all.yaml")).unwrap());
    for object in &made {
        assert_eq!(crds.problems(object).unwrap_or_default(), Vec::<String>::new(), "{object:#}");
    }
    let named = |object: Value| {
        (format!("{} {}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap()), object)
    };
    made.into_iter().map(named).collect()
}

/// Why an Ingress is refused; nothing is written.
fn why_not(manifests: &str, args: &[&str]) -> String {
    let folder = tree(&[("all.yaml", manifests)]);
    let args: Vec<&str> =
        if args.contains(&"--gateway") { args.to_vec() } else { [&["--gateway-class", "c"], args].concat() };
    let said = refused(&migrate(&folder.0, &args));
    assert_eq!(files(&folder.0)["all.yaml"], manifests, "nothing is written");
    assert!(said.ends_with("nothing was written\n") && said.matches("  fix: ").count() > 0, "{said}");
    said
}

#[test]
fn an_ingress_becomes_a_gateway_and_a_route_in_its_place() {
    let before = "# Two documents, and a comment on top.\n# It stays.\n\napiVersion: networking.k8s.io/v1\nkind: Ingress # the front door\nmetadata:\n    name: web\n    labels: {app: \"web\"}\n    annotations:\n        # nobody knows why\n        nginx.ingress.kubernetes.io/ssl-redirect: 'true'\nspec:\n    rules:\n      - host: a.example.com # the old name\n        http:\n            paths:\n              - path: /\n                pathType: Prefix\n                backend: {service: {name: 'we#b', port: {number: 80}}} # port 80\n# the end of it\n---\n\napiVersion: v1\nkind: Service   # not touched\nmetadata: {name: web}   \nspec: {ports: [{port: 80}]}\n";
    let after = "# Two documents, and a comment on top.\n# It stays.\n\n# the front door\n# nobody knows why\n# the old name\n# port 80\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata:\n    name: web\n    labels:\n        app: web\nspec:\n    gatewayClassName: c\n    listeners:\n      - name: http\n        hostname: a.example.com\n        port: 80\n        protocol: HTTP\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata:\n    name: web\n    labels:\n        app: web\nspec:\n    parentRefs:\n      - group: gateway.networking.k8s.io\n        kind: Gateway\n        name: web\n        sectionName: http\n    hostnames:\n      - a.example.com\n    rules:\n      - matches:\n          - path:\n                type: PathPrefix\n                value: /\n        backendRefs:\n          - group: \"\"\n            kind: Service\n            name: we#b\n            port: 80\n            weight: 1\n# the end of it\n---\n\napiVersion: v1\nkind: Service   # not touched\nmetadata: {name: web}   \nspec: {ports: [{port: 80}]}\n";
    for (old, new) in
        [(before.to_owned(), after.to_owned()), (before.replace('\n', "\r\n"), after.replace('\n', "\r\n"))]
    {
        let folder = tree(&[("all.yaml", &old)]);
        let out = migrate(&folder.0, &["--gateway-class", "c", "--dry-run"]);
        assert_eq!(out.status.code(), Some(1), "a dry run that would change something");
        assert!(text(&out.stdout).contains("\n+kind: HTTPRoute"), "{}", text(&out.stdout));
        assert_eq!(files(&folder.0)["all.yaml"], old);
        succeeded(&migrate(&folder.0, &["--gateway-class", "c"]));
        assert_eq!(files(&folder.0)["all.yaml"], new);
        assert_eq!(
            succeeded(&migrate(&folder.0, &["--gateway-class", "c", "--dry-run"])),
            "there is nothing to migrate\n"
        );
    }
}

#[test]
fn tls_ends_at_a_listener_and_plain_http_is_redirected() {
    let made = become_of(&ingress("web", &[("cert-manager.io/cluster-issuer", "x")], true, &["/ Prefix web:80"]), &[]);
    let listeners = made["Gateway web"]["spec"]["listeners"].as_array().unwrap();
    assert_eq!(listeners[1]["tls"]["certificateRefs"][0]["name"], "web-tls");
    assert_eq!(made["Gateway web"]["metadata"]["annotations"]["cert-manager.io/cluster-issuer"], "x");
    assert_eq!(made["HTTPRoute web"]["spec"]["parentRefs"][0]["sectionName"], "https");
    let redirect = &made["HTTPRoute web-redirect"]["spec"];
    assert_eq!(redirect["parentRefs"][0]["sectionName"], "http");
    assert_eq!(redirect["rules"][0]["filters"][0]["requestRedirect"]["statusCode"], 308);

    let made = become_of(&ingress("web", &[("ssl-redirect", "false")], true, &["/ Prefix web:80"]), &[]);
    assert_eq!(made.keys().collect::<Vec<_>>(), ["Gateway web", "HTTPRoute web"]);
    assert_eq!(made["HTTPRoute web"]["spec"]["parentRefs"].as_array().unwrap().len(), 2);

    // Another Ingress of the host serves a part of it by plain HTTP, too.
    let two = [
        ingress("web", &[], true, &["/ Prefix web:80"]),
        ingress("hook", &[("ssl-redirect", "false")], false, &["/hook Prefix hook:80"]),
    ];
    let made = become_of(&two.join("---\n"), &[]);
    assert_eq!(made["HTTPRoute hook"]["spec"]["parentRefs"].as_array().unwrap().len(), 2);
}

#[test]
fn routes_attach_to_what_is_there() {
    let web = ingress("web", &[], true, &["/ Prefix web:80"]);
    let args = ["--gateway", "infra/public:https", "--http-section", "http", "--accept-loss", "certificate"];
    let made = become_of(&web, &args);
    assert_eq!(
        made.keys().collect::<Vec<_>>(),
        ["HTTPRoute web", "HTTPRoute web-redirect", "ReferenceGrant web-certificates"]
    );
    let parent = &made["HTTPRoute web"]["spec"]["parentRefs"][0];
    assert_eq!((&parent["namespace"], &parent["sectionName"]), (&"infra".into(), &"https".into()));
    assert_eq!(made["ReferenceGrant web-certificates"]["spec"]["to"][0]["name"], "web-tls");

    let made = become_of(&web, &["--gateway", "infra/public", "--listener-set"]);
    assert_eq!(made["ListenerSet web"]["spec"]["parentRef"]["name"], "public");
    assert_eq!(made["HTTPRoute web"]["spec"]["parentRefs"][0]["kind"], "ListenerSet");

    let said = why_not(&web, &["--gateway", "infra/public"]);
    assert!(said.contains("which listener of the Gateway is for it"), "{said}");
    let issued = ingress("web", &[("cert-manager.io/issuer", "x")], true, &["/ Prefix web:80"]);
    let said = why_not(&issued, &args);
    assert!(
        said.contains("all.yaml:6: Ingress web: cert-manager.io/issuer: it belongs on what has the listeners"),
        "{said}"
    );
    let default = web.replace("      secretName: web-tls\n", "");
    assert!(why_not(&default, &[]).contains("the controller's default certificate"));
}

#[test]
fn other_protocols_have_routes_and_policies_of_their_own() {
    let made = become_of(
        &ingress("api", &[("backend-protocol", "GRPC")], true, &["/pkg.A Prefix a:90", "/pkg.B/Do Exact b:90"]),
        &[],
    );
    let rules = &made["GRPCRoute api"]["spec"]["rules"];
    assert_eq!(rules[0]["matches"][0]["method"]["service"], "pkg.A");
    assert_eq!(rules[1]["matches"][0]["method"]["method"], "Do");

    let https = ingress(
        "web",
        &[("backend-protocol", "HTTPS"), ("proxy-ssl-name", "web.internal")],
        false,
        &["/ Prefix web:443"],
    );
    let made = become_of(&https, &["--backend-ca", "ca"]);
    let validation = &made["BackendTLSPolicy web-backend"]["spec"]["validation"];
    assert_eq!(
        (&validation["hostname"], &validation["caCertificateRefs"][0]["name"]),
        (&"web.internal".into(), &"ca".into())
    );
    assert!(why_not(&https, &[]).contains("--backend-ca system"));

    let passed =
        ingress("web", &[("ssl-passthrough", "true"), ("force-ssl-redirect", "true")], false, &["/ Prefix web:443"]);
    let made = become_of(&passed, &[]);
    assert_eq!(made.keys().collect::<Vec<_>>(), ["Gateway web", "HTTPRoute web-redirect", "TLSRoute web"]);
    let plain = ingress("web", &[("ssl-passthrough", "true")], false, &["/ Prefix web:443"]);
    assert!(why_not(&plain, &[]).contains("plain-http"));

    let mixed = [
        ingress("a", &[("backend-protocol", "GRPC")], false, &["/ Prefix a:90"]),
        ingress("b", &[], false, &["/b Prefix b:80"]),
    ];
    assert!(why_not(&mixed.join("---\n"), &[]).contains("give gRPC a host of its own"));
}

/// A rewrite of a path: the path of the route, and what replaces it; or why not.
#[test]
fn rewrites_and_regular_expressions_mean_the_same_or_are_refused() {
    let of = |annotations: &[(&str, &str)], path: &str, accept: &[&str]| {
        let made =
            become_of(&ingress("web", annotations, false, &[&format!("{path} ImplementationSpecific web:80")]), accept);
        let rule = made["HTTPRoute web"]["spec"]["rules"][0].clone();
        let path = &rule["matches"][0]["path"];
        let change = &rule["filters"][0]["urlRewrite"]["path"];
        let to = change
            .get("replacePrefixMatch")
            .or(change.get("replaceFullPath"))
            .and_then(Value::as_str)
            .unwrap_or("-")
            .to_owned();
        format!("{} {} {to}", path["type"].as_str().unwrap(), path["value"].as_str().unwrap())
    };
    let case = ["--accept-loss", "path-case"];
    assert_eq!(of(&[("rewrite-target", "/$2")], "/api(/|$)(.*)", &case), "PathPrefix /api /");
    assert_eq!(of(&[("rewrite-target", "/v2/$2")], "/api(/|$)(.*)", &case), "PathPrefix /api /v2/");
    assert_eq!(of(&[("rewrite-target", "/$1")], "/(.*)", &[]), "PathPrefix / -");
    assert_eq!(of(&[("rewrite-target", "/")], "/", &[]), "PathPrefix / -");
    // Without parentheses nothing is captured: every request becomes one for `/`.
    assert_eq!(of(&[("rewrite-target", "/$1")], "/", &[]), "PathPrefix / /");
    assert_eq!(of(&[("rewrite-target", "/")], "/api", &[]), "RegularExpression (?i)/api.* /");
    assert_eq!(of(&[("use-regex", "true")], "/v[0-9]+/x", &[]), "RegularExpression (?i)/v[0-9]+/x.* -");
    for (target, path) in [("/$1", "/api/(.*)"), ("/$2$1", "/a/(.*)/(.*)"), ("/v1$2", "/api(/|$)(.*)")] {
        let said = why_not(
            &ingress("web", &[("rewrite-target", target)], false, &[&format!("{path} ImplementationSpecific web:80")]),
            &[],
        );
        assert!(said.contains("in a way that no HTTPRoute can say"), "{said}");
    }
    let lookahead = ingress("web", &[("use-regex", "true")], false, &["/(?!x) ImplementationSpecific web:80"]);
    assert!(why_not(&lookahead, &[]).contains("no regular expression that RE2 knows"));
    // One Ingress with a rewrite makes all paths of the host regular expressions.
    let two = [
        ingress("a", &[("rewrite-target", "/")], false, &["/a Prefix a:80"]),
        ingress("b", &[], false, &["/web Prefix b:80"]),
    ];
    let made = become_of(&two.join("---\n"), &[]);
    assert_eq!(made["HTTPRoute b"]["spec"]["rules"][0]["matches"][0]["path"]["value"], "(?i)/web.*");
    let specific = ingress("web", &[], false, &["/api ImplementationSpecific web:80"]);
    assert!(why_not(&specific, &[]).contains("/apix"));
    become_of(&specific, &["--accept-loss", "path-element"]);
}

#[test]
fn filters_say_what_annotations_said() {
    let rule = |annotations: &[(&str, &str)], args: &[&str]| {
        become_of(&ingress("web", annotations, false, &["/ Prefix web:80"]), args)["HTTPRoute web"]["spec"]["rules"][0]
            .clone()
    };
    let cors =
        rule(&[("enable-cors", "true"), ("cors-allow-origin", "https://x.example.com"), ("cors-max-age", "60")], &[]);
    assert_eq!(cors["filters"][0]["cors"]["allowCredentials"], true);
    assert_eq!(cors["filters"][0]["cors"]["maxAge"], 60);
    // Any origin with credentials is what browsers refuse of nginx, and a Gateway would make possible.
    assert_eq!(rule(&[("enable-cors", "true")], &[])["filters"][0]["cors"].get("allowCredentials"), None);
    assert_eq!(rule(&[("upstream-vhost", "in.example")], &[])["filters"][0]["urlRewrite"]["hostname"], "in.example");
    let moved = rule(&[("permanent-redirect", "https://b.example.com/x")], &[]);
    assert_eq!(moved["filters"][0]["requestRedirect"]["path"]["replaceFullPath"], "/x");
    assert_eq!(moved["filters"][0]["requestRedirect"]["statusCode"], 301);
    // ingress-nginx answers what no path matches with the annotations of the host's first Ingress.
    let old = become_of(
        &ingress("web", &[("permanent-redirect", "https://b.example.com")], false, &["/old Prefix web:80"]),
        &[],
    );
    assert_eq!(old["HTTPRoute web"]["spec"]["rules"][1]["matches"][0]["path"]["value"], "/");
    let root = become_of(&ingress("web", &[("app-root", "/app")], false, &["/app Prefix web:80"]), &[]);
    assert_eq!(root["HTTPRoute web"]["spec"]["rules"][0]["matches"][0]["path"]["type"], "Exact");
    let kept = rule(&[("temporal-redirect", "https://b.example.com$request_uri")], &[]);
    assert_eq!(kept["filters"][0]["requestRedirect"].get("path"), None);
    assert_eq!(rule(&[("app-root", "/app")], &[])["matches"][0]["path"]["type"], "Exact");
    assert_eq!(rule(&[("proxy-read-timeout", "120")], &["--request-timeouts"])["timeouts"]["request"], "120s");
    assert_eq!(rule(&[("proxy-body-size", "0")], &[]).get("filters"), None, "no limit is none to lose");
    let alias = become_of(&ingress("web", &[("server-alias", "b.example.com")], true, &["/ Prefix web:80"]), &[]);
    assert_eq!(alias["HTTPRoute web"]["spec"]["hostnames"][1], "b.example.com");
    for (name, value) in [
        ("cors-allow-origin", "https://*.example.com"),
        ("permanent-redirect", "https://x/?q=$arg_q"),
        ("permanent-redirect-code", "410"),
        ("upstream-vhost", "$host"),
        ("backend-protocol", "FCGI"),
        ("force-ssl-redirect", "true"),
        ("ssl-redirect", "maybe"),
        ("server-alias", "~^www\\d+$"),
    ] {
        let both = [("enable-cors", "true"), ("permanent-redirect", "https://x.example.com"), (name, value)];
        let all: Vec<_> = if name == "permanent-redirect" { both[2..].to_vec() } else { both.to_vec() };
        let said = why_not(&ingress("web", &all, false, &["/ Prefix web:80"]), &[]);
        assert!(said.contains(&format!("Ingress web: {name}: ")) && !said.contains(value), "{name}: {said}");
    }
}

#[test]
fn canaries_are_rules_of_the_main_route() {
    let main = ingress("web", &[], false, &["/ Prefix web:80"]);
    let canary = ingress(
        "next",
        &[("canary", "true"), ("canary-by-header", "X-Next"), ("canary-weight", "20")],
        false,
        &["/ Prefix next:80"],
    );
    let made = become_of(&[main, canary.clone()].join("---\n"), &[]);
    assert_eq!(made.keys().collect::<Vec<_>>(), ["Gateway web", "HTTPRoute web"]);
    let rules = made["HTTPRoute web"]["spec"]["rules"].as_array().unwrap();
    assert_eq!(rules[0]["matches"][0]["headers"][0]["value"], "always");
    assert_eq!(rules[1]["matches"][0]["headers"][0]["value"], "never");
    let weights: Vec<i64> =
        rules[2]["backendRefs"].as_array().unwrap().iter().map(|one| one["weight"].as_i64().unwrap()).collect();
    assert_eq!(weights, [80, 20]);
    assert!(why_not(&canary, &[]).contains("no Ingress of these manifests is the main one"));
    let second = canary.replace("name: next\n", "name: other\n");
    let three = [ingress("web", &[], false, &["/ Prefix web:80"]), canary, second];
    assert!(why_not(&three.join("---\n"), &[]).contains("another canary has the path `/`"));
}

#[test]
fn hosts_and_default_backends_are_those_of_ingress_nginx() {
    let default = |name: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}}}\nspec: {{defaultBackend: {{service: {{name: d, port: {{number: 80}}}}}}}}\n"
        )
    };
    let made = become_of(&default("web"), &[]);
    assert_eq!(made["HTTPRoute web"]["spec"].get("hostnames"), None);
    let with_paths = ingress("web", &[], false, &["/api Prefix api:80"])
        .replace("  rules:", "  defaultBackend: {service: {name: d, port: {number: 80}}}\n  rules:");
    let made = become_of(&with_paths, &[]);
    assert_eq!(made["HTTPRoute web"]["spec"]["rules"][1]["backendRefs"][0]["name"], "d");
    // Any host, a wildcard and a host of it, each with a listener.
    let hosts = ["*.example.com", HOST, ""].map(|host| {
        ingress(&format!("h{}", host.len()), &[], false, &["/ Prefix web:80"]).replace(HOST, &format!("{host:?}"))
    });
    let made = become_of(&hosts.join("---\n"), &[]);
    assert_eq!(made["Gateway h13"]["spec"]["listeners"].as_array().unwrap().len(), 3);
    let twice = [ingress("a", &[], false, &["/ Prefix a:80"]), ingress("b", &[], false, &["/ Prefix b:80"])];
    assert!(why_not(&twice.join("---\n"), &[]).contains("all.yaml:"));
    let apart =
        twice.map(|one| one.replace("  name: a\n", "  name: a\n  namespace: one\n").replace("/ Prefix", "/b Prefix"));
    assert!(
        why_not(&apart.join("---\n").replacen("path: /\n", "path: /a\n", 1), &[])
            .contains("two Gateways with two addresses")
    );
    // Forty paths are more than one route has rules for.
    let many: Vec<String> = (0..40).map(|n| format!("/p{n} Prefix web:80")).collect();
    let made = become_of(&ingress("web", &[], false, &many.iter().map(String::as_str).collect::<Vec<_>>()), &[]);
    assert_eq!(made.keys().filter(|name| name.starts_with("HTTPRoute")).count(), 3);
}

#[test]
fn ports_have_numbers_and_old_versions_are_read() {
    let named = ingress("web", &[], false, &["/ Prefix web:80"]).replace("{number: 80}", "{name: http}");
    assert!(why_not(&named, &[]).contains("the port `http` of the Service `web` has no number here"));
    let service =
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{name: http, port: 8080}]}\n";
    let made = become_of(&format!("{named}{service}"), &[]);
    assert_eq!(made["HTTPRoute web"]["spec"]["rules"][0]["backendRefs"][0]["port"], 8080);
    // ingress-nginx takes what the Service sends to, too.
    let sent_to = ingress("web", &[], false, &["/ Prefix web:9000"]);
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{name: http, port: 80, targetPort: 9000}]}\n";
    let made = become_of(&format!("{sent_to}{service}"), &[]);
    assert_eq!(made["HTTPRoute web"]["spec"]["rules"][0]["backendRefs"][0]["port"], 80);
    let old = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata:\n  name: web\n  annotations: {kubernetes.io/ingress.class: nginx}\nspec: {rules: [{host: a, http: {paths: [{backend: {serviceName: web, servicePort: 80}}]}}]}\n";
    let made = become_of(old, &[]);
    assert_eq!(made["HTTPRoute web"]["spec"]["rules"][0]["backendRefs"][0]["port"], 80);
}

/// Nothing vanishes, and no name is taken twice.
#[test]
fn ingresses_that_become_nothing_or_something_twice_are_refused() {
    let web = ingress("web", &[], false, &["/ Prefix web:80"]);
    let empty = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {rules: [{host: a.example.com}]}\n";
    assert!(why_not(empty, &[]).contains("the Ingress serves nothing here"));
    assert!(why_not(&web.replace("  name: web\n", "  generateName: web-\n"), &[]).contains("has no name"));
    assert!(
        why_not(&web.replace("  name: web\n", &format!("  name: {}\n", "w".repeat(250))), &[]).contains("at most 240")
    );
    let gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: web}\nspec: {gatewayClassName: c, listeners: [{name: a, port: 80, protocol: HTTP}]}\n";
    assert!(why_not(&format!("{web}---\n{gateway}"), &[]).contains("the Gateway `web` is there already"));
    let tls =
        ingress("web", &[], true, &["/ Prefix web:80"]).replace("hosts: [a.example.com]", "hosts: [b.example.com]");
    assert!(why_not(&tls, &[]).contains("unused-certificate"));
    become_of(&tls, &["--accept-loss", "unused-certificate"]);
}

#[test]
fn what_is_not_of_ingress_nginx_stays() {
    let alb = ingress("web", &[], false, &["/ Prefix web:80"]).replace("nginx", "alb");
    let folder = tree(&[("all.yaml", &alb)]);
    let said = succeeded(&to_class(&folder.0, &[]));
    assert!(
        said.contains("all.yaml:1: the Ingress `web` is of the class `alb`")
            && said.ends_with("there is nothing to migrate\n"),
        "{said}"
    );
    assert_eq!(files(&folder.0)["all.yaml"], alb);
    succeeded(&to_class(&folder.0, &["--ingress-class", "alb"]));
    assert!(files(&folder.0)["all.yaml"].contains("kind: HTTPRoute"));
}

/// Each is refused at its file and line, with a way out, and no file is changed.
#[test]
fn what_would_not_be_exact_is_refused_at_its_line() {
    let base = ("base/ingress.yaml", ingress("web", &[], false, &["/ Prefix web:80"]));
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
    let cases: &[Case<'_>] = &[
        (
            "resources: [../base]\npatches:\n  - path: p.yaml\n",
            &[(
                "o/p.yaml",
                "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  annotations:\n    nginx.ingress.kubernetes.io/auth-url: http://user:hunter2@auth\n",
            )],
            "o/p.yaml:6: Ingress web: auth-url: requests would get in without authentication",
        ),
        (
            "resources: [../base]\npatches:\n  - target: {kind: Ingress}\n    patch: |-\n      - {op: add, path: /metadata/annotations, value: {nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8}}\n",
            &[],
            "o/kustomization.yaml:4: Ingress web: whitelist-source-range: everybody would get in",
        ),
        (
            "resources: [../base]\nreplacements:\n  - source: {kind: ConfigMap, name: c, fieldPath: data.host}\n    targets:\n      - select: {kind: Ingress}\n        fieldPaths: [spec.rules.0.host]\n",
            &[],
            "o/kustomization.yaml:3: a replacement reads or writes an Ingress",
        ),
        (
            "resources: [../base]\ncommonAnnotations:\n  team: a\n  cert-manager.io/issuer: x\n",
            &[],
            "o/kustomization.yaml:4: `cert-manager.io/issuer` would go to every object",
        ),
        (
            "resources: [../mid]\npatches:\n  - target: {kind: Ingress}\n    patch: |-\n      - {op: add, path: /spec/tls, value: [{hosts: [a.example.com], secretName: t}]}\n",
            &[("mid/kustomization.yaml", "namePrefix: x-\nresources: [../base]\n")],
            "o/kustomization.yaml:4: the patch makes a HTTPRoute necessary",
        ),
        (
            "resources: [../base]\npatches:\n  - target: {kind: Ingress}\n    patch: |-\n      - {op: replace, path: /spec/none/0, value: 1}\n",
            &[],
            "o/kustomization.yaml:4: operation 0 at `/spec/none/0` cannot be applied",
        ),
        (
            "resources: [../base, r.yaml]\n",
            &[(
                "o/r.yaml",
                "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec: {strategy: {canary: {trafficRouting: {nginx: {stableIngress: web}}}}}\n",
            )],
            "o/r.yaml:4: the Rollout `r` names an Ingress that is to go",
        ),
        (
            "resources: [../base, l.yaml]\n",
            &[(
                "o/l.yaml",
                "apiVersion: v1\nkind: List\nitems:\n- apiVersion: networking.k8s.io/v1\n  kind: Ingress\n  metadata: {name: x}\n",
            )],
            "o/l.yaml:3: an Ingress inside of a List",
        ),
    ];
    for (overlay, more, wanted) in cases {
        let mut all = vec![
            ("base/kustomization.yaml", "resources: [ingress.yaml]\n"),
            (base.0, base.1.as_str()),
            ("o/kustomization.yaml", *overlay),
        ];
        all.extend(more.iter().copied());
        let folder = tree(&all);
        let before = files(&folder.0);
        let said = refused(&to_class(&folder.0, &[]));
        assert!(said.contains(wanted) && said.contains("\n  fix: "), "{wanted}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
        assert_eq!(files(&folder.0), before, "{wanted}");
    }
}

/// What cannot be read stays, and is said; the rest is migrated. Directories without a kustomization are sets of their own.
#[test]
fn templates_stay_and_directories_are_apart() {
    let web = ingress("web", &[], false, &["/ Prefix web:80"]);
    let template = "{{- if .Values.on }}\napiVersion: networking.k8s.io/v1\nkind: Ingress\n{{- end }}\n";
    let folder = tree(&[
        ("chart/ingress.yaml", template),
        ("dev/all.yaml", &web),
        ("prod/all.yaml", &web),
        ("broken/x.yaml", "a: [\n"),
    ]);
    let said = succeeded(&to_class(&folder.0, &[]));
    assert!(said.contains("warning: chart/ingress.yaml:1: an Ingress in a file that is no YAML"), "{said}");
    assert!(said.contains("requests to 2 sets of manifests"), "{said}");
    assert_eq!(files(&folder.0)["chart/ingress.yaml"], template);
    assert_eq!(files(&folder.0)["dev/all.yaml"], files(&folder.0)["prod/all.yaml"]);
}

/// A base outside of the directory is not changed behind anybody's back.
#[test]
fn files_outside_of_the_directory_are_not_touched() {
    let folder = tree(&[
        ("base/kustomization.yaml", "resources: [ingress.yaml]\n"),
        ("base/ingress.yaml", &ingress("web", &[], false, &["/ Prefix web:80"])),
        ("o/kustomization.yaml", "resources: [../base]\n"),
    ]);
    let said = refused(&migrate(&folder.0.join("o"), &["--gateway-class", "c"]));
    assert!(said.contains("the Ingress is outside of the directory"), "{said}");
}

#[test]
fn losses_are_accepted_by_name_only() {
    let web = ingress(
        "web",
        &[("proxy-body-size", "50m"), ("affinity", "cookie"), ("session-cookie-name", "c")],
        false,
        &["/ Prefix web:80"],
    );
    let folder = tree(&[("all.yaml", &web)]);
    let said = refused(&to_class(&folder.0, &["--accept-loss", "affinity,session-cookie-name"]));
    assert!(said.contains("proxy-body-size") && !said.contains("affinity:"), "{said}");
    let out = to_class(&folder.0, &["--accept-loss", "auth-url"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("without it more would be exposed"), "{}", text(&out.stderr));
    let out = to_class(&folder.0, &["--accept-loss", "proxy-bodysize"]);
    assert!(text(&out.stderr).contains("did you mean `proxy-body-size`?"), "{}", text(&out.stderr));
    let out =
        to_class(&folder.0, &["--accept-loss", "affinity,session-cookie-name,proxy-body-size", "--report", "json"]);
    let report: Value = serde_json::from_str(&succeeded(&out)).unwrap();
    assert_eq!(report["written"], true);
    assert_eq!(report["notes"][1]["name"], "affinity");
    assert_eq!(report["notes"][1]["accepted"], true);
    assert_eq!((&report["notes"][1]["file"], &report["notes"][1]["line"]), (&"all.yaml".into(), &7.into()));
    assert_eq!(report["proofs"][0]["differences"], serde_json::json!([]));
    let again = tree(&[("all.yaml", &web)]);
    let out = to_class(&again.0, &["--report", "json"]);
    assert_eq!(out.status.code(), Some(1));
    let report: Value = serde_json::from_str(&text(&out.stdout)).unwrap();
    assert_eq!(report["written"], false);
    assert_eq!(files(&again.0)["all.yaml"], web);
}

/// Secrets that share files with Ingresses are in no output.
#[test]
fn no_secret_is_shown() {
    let secret = "apiVersion: v1\nkind: Secret # hunter2\nmetadata: {name: s}\nstringData:\n  key: hunter2\n---\n";
    let folder = tree(&[
        (
            "kustomization.yaml",
            "resources: [all.yaml]\nsecretGenerator:\n  - name: g\n    literals: [key=hunter2]\npatches:\n  - target: {kind: Ingress}\n    patch: |-\n      - {op: replace, path: /spec/rules/0/host, value: b.example.com}\n",
        ),
        (
            "all.yaml",
            &format!(
                "{secret}{}---\n{}",
                ingress("web", &[], false, &["/ Prefix web:80"]),
                secret.trim_end_matches("---\n")
            ),
        ),
    ]);
    for args in [&["--dry-run"][..], &["--report", "json"][..]] {
        let out = to_class(&folder.0, args);
        assert!(!format!("{}{}", text(&out.stdout), text(&out.stderr)).contains("hunter2"), "{}", text(&out.stdout));
    }
    assert_eq!(files(&folder.0)["all.yaml"].matches("hunter2").count(), 4, "they stay where they are");
}

const DOCS: &str = "docs/migrate-ingress.md";

/// A part of the docs is what it should be; `UPDATE=1` writes it.
fn documented(part: &str, wanted: &str) {
    let docs = std::fs::read_to_string(DOCS).unwrap();
    let (start, end) = (format!("<!-- {part} -->\n"), "<!-- end -->");
    let (before, rest) = docs.split_once(&start).unwrap();
    let (there, after) = rest.split_once(end).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(DOCS, format!("{before}{start}\n{wanted}\n{end}{after}")).unwrap();
    }
    assert_eq!(there.trim(), wanted.trim(), "{DOCS}: {part} is stale: UPDATE=1 writes it");
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn the_docs_have_every_annotation_that_ingress_nginx_documents() {
    let table = krmor::cli::ingress_table();
    let (mut rows, mut losses) = (
        "| annotation | | how, or why |\n| --- | --- | --- |\n".to_owned(),
        "| name | what is lost |\n| --- | --- |\n".to_owned(),
    );
    for [name, treatment, says] in &table {
        match *treatment {
            "loss" => losses += &format!("| `{name}` | {} |\n", cell(says)),
            _ => rows += &format!("| `{name}` | {treatment} | {} |\n", cell(says)),
        }
    }
    documented("annotations", &rows);
    documented("losses", &losses);
    let known: Vec<&str> = table.iter().map(|row| row[0]).collect();
    let beside = modules().into_iter().find(|path| path.ends_with("mkdocs.yml")).unwrap();
    let theirs =
        std::fs::read_to_string(beside.with_file_name("docs/user-guide/nginx-configuration/annotations.md")).unwrap();
    let names = theirs
        .split("nginx.ingress.kubernetes.io/")
        .skip(1)
        .map(|rest| rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().unwrap());
    let names: std::collections::BTreeSet<&str> = names.filter(|name| !name.is_empty()).collect();
    assert!(names.len() > 110, "{}", names.len());
    let missing: Vec<&&str> = names.iter().filter(|name| !known.contains(name)).collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
}

/// Each annotation alone: what the table says of it is what the command does.
#[test]
fn every_annotation_is_treated_as_the_table_says() {
    for [name, treatment, _] in krmor::cli::ingress_table().into_iter().filter(|row| row[1] != "loss") {
        let needs = [
            "cors-",
            "session-cookie-",
            "affinity-",
            "auth-",
            "canary-",
            "mirror-",
            "upstream-hash-by-",
            "modsecurity-transaction",
            "global-rate-limit-",
        ];
        let main = [
            "enable-cors",
            "affinity",
            "affinity",
            "auth-url",
            "canary",
            "mirror-target",
            "upstream-hash-by",
            "enable-modsecurity",
            "global-rate-limit",
        ];
        let at = needs.iter().position(|start| name.starts_with(start) && !main.contains(&name));
        let value = |name: &str| match name {
            "affinity" => "cookie",
            "backend-protocol" => "GRPC",
            "rewrite-target" | "app-root" | "x-forwarded-prefix" => "/x",
            "permanent-redirect" | "temporal-redirect" => "https://b.example.com/x",
            "permanent-redirect-code" | "temporal-redirect-code" => "308",
            "cors-allow-origin" => "https://b.example.com",
            "cors-max-age" | "canary-weight" | "proxy-read-timeout" => "10",
            "upstream-vhost" | "server-alias" | "proxy-ssl-name" => "b.example.com",
            _ => "true",
        };
        let mut annotations = vec![(name, value(name))];
        annotations.extend(at.map(|at| (main[at], value(main[at]))));
        match name {
            "permanent-redirect-code" | "temporal-redirect-code" => {
                annotations.push((&name[..name.len() - 5], "https://b.example.com/x"))
            }
            "x-forwarded-prefix" => annotations.push(("rewrite-target", "/x")),
            "canary-weight-total" => annotations.push(("canary-weight", "10")),
            "canary-by-header-value" | "canary-by-header-pattern" => annotations.push(("canary-by-header", "X")),
            "auth-secret-type" => annotations.push(("auth-secret", "s")),
            "auth-realm" => annotations.push(("auth-type", "basic")),
            _ if name.starts_with("auth-tls-") && name != "auth-tls-secret" => {
                annotations.push(("auth-tls-secret", "n/s"))
            }
            _ => {}
        }
        annotations.sort_unstable();
        annotations.dedup();
        let web = ingress("web", &annotations, !name.starts_with("canary"), &["/ Prefix web:80"]);
        let main = if name.starts_with("canary") {
            format!("{}---\n", ingress("main", &[], false, &["/ Prefix main:80"]))
        } else {
            String::new()
        };
        let folder = tree(&[("all.yaml", &format!("{main}{web}"))]);
        let out = to_class(&folder.0, &["--report", "json"]);
        let report: Value =
            serde_json::from_str(&text(&out.stdout)).unwrap_or_else(|_| panic!("{name}: {}", text(&out.stderr)));
        let note = report["notes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|note| note["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {report:#}"));
        assert_eq!(note["treatment"], treatment, "{name}: {report:#}");
        assert!(
            treatment == "carried" || note["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()),
            "{name}: {report:#}"
        );
        assert_eq!(
            report["written"],
            treatment == "carried"
                && report["notes"].as_array().unwrap().iter().all(|note| note["treatment"] == "carried"),
            "{name}: {report:#}"
        );
    }
}

/// The files of the peer and of ingress-nginx that `tests/corpus/gateway` names.
fn modules() -> Vec<std::path::PathBuf> {
    crate::common::public("gateway")
}

/// Hosts, paths, types and shares of routes, one a line.
fn routing<'a>(routes: impl Iterator<Item = &'a Value>) -> std::collections::BTreeSet<String> {
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let mut out = std::collections::BTreeSet::new();
    for route in routes {
        for rule in list(&route["spec"], "rules") {
            let backends = list(&rule, "backendRefs");
            let weights: Vec<i64> = backends.iter().map(|one| one["weight"].as_i64().unwrap_or(1)).collect();
            let shown = backends.iter().zip(&weights).map(|(one, weight)| {
                let share = if backends.len() > 1 {
                    format!(" {}%", weight * 100 / weights.iter().sum::<i64>())
                } else {
                    String::new()
                };
                format!("{}:{}{share}", one["name"].as_str().unwrap_or_default(), one["port"])
            });
            let shown = shown.collect::<Vec<_>>().join(" ");
            if shown.is_empty() {
                continue; // a redirect
            }
            for one in list(&rule, "matches") {
                let hosts = list(&route["spec"], "hostnames");
                let hosts: Vec<&str> = if hosts.is_empty() {
                    vec!["*"]
                } else {
                    hosts.iter().map(|host| host.as_str().unwrap()).collect()
                };
                for host in hosts {
                    let path = &one["path"];
                    out.insert(format!(
                        "{host} {} {} to {shown}",
                        path["type"].as_str().unwrap_or_default(),
                        path["value"].as_str().unwrap_or_default()
                    ));
                }
            }
        }
    }
    out
}

/// What krmor makes of a peer's case: the routes, or the first refusal.
fn of_case(ingresses: &str, class: &str) -> Result<Vec<Value>, String> {
    let folder = tree(&[("all.yaml", ingresses)]);
    let losses = "path-case,path-element,regex-order,plain-http";
    let out = to_class(&folder.0, &["--ingress-class", class, "--accept-loss", losses]);
    if out.status.code() == Some(1) {
        let said = text(&out.stderr);
        let why = said.lines().next().unwrap().split(": ").skip(3).collect::<Vec<_>>().join(": ");
        return Err(why.trim_end_matches("  [refused]").to_owned());
    }
    succeeded(&out);
    Ok(objects(std::fs::read_to_string(folder.0.join("all.yaml")).unwrap()))
}

fn compared(own: &Result<Vec<Value>, String>, peer: &[Value]) -> String {
    match own {
        Err(why) => format!("refused: {why}"),
        Ok(own) => {
            let is_route = |object: &&Value| object["kind"] == "HTTPRoute" || object["kind"].is_null();
            let (own, peer) = (routing(own.iter().filter(is_route)), routing(peer.iter().filter(is_route)));
            if own == peer {
                return "same routing".to_owned();
            }
            let only = |a: &std::collections::BTreeSet<String>, b: &std::collections::BTreeSet<String>| {
                a.difference(b).cloned().collect::<Vec<_>>().join(", ")
            };
            let parts = [("only krmor", only(&own, &peer)), ("only ingress2gateway", only(&peer, &own))];
            parts
                .iter()
                .filter(|(_, routes)| !routes.is_empty())
                .map(|(who, routes)| format!("{who}: {routes}"))
                .collect::<Vec<_>>()
                .join("; ")
        }
    }
}

#[test]
fn the_peers_own_cases_are_in_the_docs() {
    let fixtures: Vec<_> =
        modules().into_iter().filter(|path| path.components().any(|part| part.as_os_str() == "input")).collect();
    assert!(fixtures.len() >= 9, "{fixtures:?}");
    let providers = fixtures[0].ancestors().find(|path| path.ends_with("providers")).unwrap();
    let tests = ["ingressnginx/converter_test.go", "common/converter_test.go"].map(|name| providers.join(name));
    let out = Command::new("go")
        .args(["run", "."])
        .args(&tests)
        .current_dir("tests/migrate/fixtures")
        .env("GOWORK", "off")
        .env("GOFLAGS", "")
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let mut table = "| case of ingress2gateway | ingress2gateway | krmor |\n| --- | --- | --- |\n".to_owned();
    let mut count = 0;
    for line in text(&out.stdout).lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let with_paths = |one: &&Value| one["spec"]["rules"].is_array();
        let ingresses: Vec<Value> = case["ingresses"].as_array().unwrap().iter().filter(with_paths).cloned().collect();
        let named = |mut one: Value| {
            one["apiVersion"] = "networking.k8s.io/v1".into();
            one["kind"] = "Ingress".into();
            one.to_string()
        };
        let class = ingresses[0]["spec"]["ingressClassName"].as_str().unwrap_or("nginx").to_owned();
        let service = |one: &Value| {
            let ports = one.as_object().unwrap().iter().filter(|(name, _)| *name != "key");
            let ports: Vec<Value> = ports.map(|(name, port)| serde_json::json!({"name": name, "port": port})).collect();
            serde_json::json!({"apiVersion": "v1", "kind": "Service", "metadata": one["key"], "spec": {"ports": ports}})
                .to_string()
        };
        let services = case["ports"].as_array().into_iter().flatten().map(service);
        let all: Vec<String> = ingresses.into_iter().map(named).chain(services).collect();
        let own = of_case(&all.join("\n---\n"), &class);
        let peer = case["routes"].as_array().cloned().unwrap_or_default();
        let said = if peer.is_empty() { "an error".to_owned() } else { format!("HTTPRoutes: {}", peer.len()) };
        table += &format!("| {} | {said} | {} |\n", cell(case["case"].as_str().unwrap()), cell(&compared(&own, &peer)));
        count += 1;
    }
    assert!(count >= 10, "{count} cases were found");
    for path in fixtures {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let input = std::fs::read_to_string(&path).unwrap();
        let output = std::fs::read_to_string(path.parent().unwrap().with_file_name("output").join(&name)).unwrap();
        let Err(why) = of_case(&input, "nginx") else {
            panic!("{name}: it says something that only F5's controller reads")
        };
        assert!(why.contains("another controller"), "{name}: {why}");
        // Its notes for people stand before the objects.
        let peer = objects(output.split_at(output.find("apiVersion:").unwrap()).1.to_owned());
        let filters = |object: &Value| {
            object["spec"]["rules"]
                .as_array()
                .cloned()
                .unwrap_or_default()
                .iter()
                .flat_map(|rule| rule["filters"].as_array().cloned().unwrap_or_default())
                .map(|filter| filter["type"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let mut kinds: Vec<String> = peer
            .iter()
            .filter(|object| object["kind"] != "Gateway")
            .map(|object| object["kind"].as_str().unwrap().to_owned())
            .collect();
        kinds.extend(peer.iter().flat_map(filters));
        kinds.sort();
        kinds.dedup();
        // Without what it cannot know, the routes are to be compared.
        let lines: Vec<&str> = input.lines().filter(|line| !line.contains("nginx.org/")).collect();
        let bare = of_case(&lines.join("\n").replace("  annotations:\n", ""), "nginx");
        let annotation = why.split(':').next().unwrap();
        table += &format!(
            "| {name} | {} | refused: {annotation}; without it: {} |\n",
            kinds.join(", "),
            cell(&compared(&bare, &peer))
        );
    }
    documented("peer", &table);
}
