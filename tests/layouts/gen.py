# scratch: writes workloads.yaml with tabs and trailing blanks that editors would eat
T = "\t"
text = r'''# The layouts people really write. Every workload below is hardened by tests/layouts.rs; the result is in
# workloads.expected.yaml. Nothing but new lines may differ, except where the test names a line.

# 1. As kustomize prints: lists unindented, comments above and behind.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: unindented-lists # the team's first service
  labels:
    app: web
spec:
  replicas: 2 # see the HPA
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      # The proxy comes first: kubectl logs shows it by default.
      containers:
      - name: proxy # Envoy
        image: envoyproxy/envoy:v1.31.0
        ports:
        - name: http
          containerPort: 8080 # behind the Service
      # The application itself.
      - name: app
        image: ghcr.io/example/web:2.0.1 # bumped by Renovate
        env:
        - name: LOG_LEVEL
          value: info
      terminationGracePeriodSeconds: 45 # long downloads
---
# 2. As most people write: lists indented, blank lines between the parts.
apiVersion: apps/v1
kind: StatefulSet

metadata:
  name: indented-lists

spec:
  serviceName: db

  selector:
    matchLabels:
      app: db

  template:
    metadata:
      labels:
        app: db

    spec:
      initContainers:
        # Waits for the volume's owner.
        - name: init
          image: busybox:1.36

          command:
            - sh
            - -c
            - 'echo "ready" # not a comment'

      containers:
        - name: postgres
          image: postgres:16.4

          ports:
            - containerPort: 5432

          volumeMounts:
            - name: data
              mountPath: /var/lib/postgresql/data

        # Exports metrics; may fail without harm.
        - name: exporter
          image: quay.io/prometheuscommunity/postgres-exporter:v0.15.0

  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: 10Gi
---
# 3. Four columns.
apiVersion: apps/v1
kind: DaemonSet
metadata:
    name: four-columns
spec:
    selector:
        matchLabels:
            app: agent
    template:
        metadata:
            labels:
                app: agent
        spec:
            tolerations:
                -   operator: Exists     # every node
            containers:
                -   name: agent
                    image: fluent/fluent-bit:3.1
                    resources:
                        limits:
                            memory: 128Mi    # measured
            priorityClassName: system-node-critical
---
# 4. Flow maps as items of a block list.
apiVersion: batch/v1
kind: CronJob
metadata: {name: flow-items, labels: {app: nightly}}
spec:
  schedule: "0 3 * * *" # at night
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers:
            - {name: dump, image: "postgres:16.4", args: [pg_dump, -Fc]} # small enough for one line
            - { name: upload, image: amazon/aws-cli:2.17.0, env: [ { name: BUCKET, value: dumps } ] }
---
# 5. Block scalars, one of them last in its container.
apiVersion: batch/v1
kind: Job
metadata:
  name: block-scalars
  annotations:
    description: |+
      Two line breaks are kept at the end.

spec:
  backoffLimit: 3
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: seed
        image: postgres:16.4
        command: [sh, -ec]
        args:
        - |
          # This is shell, not YAML.
          for table in users orders; do
            psql -c "TRUNCATE $table"
          done
      - name: report
        image: busybox:1.36
        args:
          - |2-
              indented by its indicator
          - >+
            folded and kept

---
# 6. Anchors and aliases.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: anchors
  labels: &labels
    app: api
    tier: backend # used three times
spec:
  selector:
    matchLabels: *labels
  template:
    metadata:
      labels: *labels
    spec:
      containers:
        - &app
          name: api
          image: &image ghcr.io/example/api:1.7.3
          env: &env
            - name: MODE
              value: api
        - name: worker
          image: *image
          env: *env # the same settings
---
# 7. Merge keys: what the worker inherits stays the base's.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: merge-keys
spec:
  selector: {matchLabels: {app: merge}}
  template:
    metadata: {labels: {app: merge}}
    spec:
      containers:
        - &base
          name: api
          image: ghcr.io/example/api:1.7.3
          imagePullPolicy: IfNotPresent
        - <<: *base
          name: worker # all else as above
---
# 8. Quoted keys and values.
"apiVersion": "v1"
"kind": "Pod"
"metadata":
  "name": "quoted-keys"
  'annotations': {'note': 'it''s quoted'}
"spec":
  'containers':
  - "name": "app"
    "image": 'nginx:1.27'
    "ports":
    - "containerPort": 8080
---
# 9. JSON, indented.
{
  "apiVersion": "apps/v1",
  "kind": "Deployment",
  "metadata": {
    "name": "json"
  },
  "spec": {
    "selector": {"matchLabels": {"app": "json"}},
    "template": {
      "metadata": {"labels": {"app": "json"}},
      "spec": {
        "containers": [
          {
            "name": "app",
            "image": "nginx:1.27"
          }
        ]
      }
    }
  }
}
---
# 10. JSON on one line.
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"compact-json"},"spec":{"containers":[{"name":"app","image":"nginx:1.27"}]}}
---
# 11. Tabs behind values, blanks at ends of lines.
apiVersion: v1
kind: Pod~
metadata:~
  name: tabs~# aligned by a tab
spec:
  containers:  _
  - name: app~~# two tabs
    image: nginx:1.27~
    ports:   _
    - containerPort: 8080~# http
   ~
  dnsPolicy: Default
---
# 12. Dashes with gaps, and dashes alone.
apiVersion: v1
kind: Pod
metadata:
  name: dashes
spec:
  containers:
  -   name: wide
      image: nginx:1.27
      args:
      -   --port
      -   "8080"
  -
    name: alone
    image: busybox:1.36
    command:
    -
      sleep
    - infinity
  - # a comment behind the dash
    name: commented
    image: busybox:1.36
---
# 13. Explicit keys.
apiVersion: v1
kind: Pod
metadata:
  ? name
  : explicit-keys
? spec
: containers:
    - ? name
      : app
      ? image
      : nginx:1.27
--- # 14. A comment behind the marker, and an end marker.
apiVersion: v1
kind: Pod
metadata:
  name: markers
spec:
  containers:
  - name: app
    image: nginx:1.27
... # the end
---
# 15. Folded and plain scalars over many lines.
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: folded
  annotations:
    summary: >-
      One paragraph
      over two lines.

      Another paragraph.
    plain: a plain scalar
      that goes on
      for three lines
spec:
  selector:
    matchLabels:
      app: folded
  template:
    metadata:
      labels:
        app: folded
    spec:
      containers:
      - name: app
        image: nginx:1.27
        args: ["--message", "quoted
          over two lines"]
        command:
        - nginx
        - -g
        - daemon off;
          worker_processes auto;
---
# 16. A Windows pod.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: windows
spec:
  selector:
    matchLabels:
      app: iis
  template:
    metadata:
      labels:
        app: iis
    spec:
      os:
        name: windows
      nodeSelector:
        kubernetes.io/os: windows
      containers:
        - name: iis
          image: mcr.microsoft.com/windows/servercore/iis:windowsservercore-ltsc2022
          command: ["powershell.exe", "-Command", "C:\\site\\start.ps1"] # backslashes
          volumeMounts:
            - name: logs
              mountPath: 'C:\inetpub\logs'
      volumes:
        - {name: logs, emptyDir: {}}
---
# 17. A List.
apiVersion: v1
kind: List
items:
# The first item.
- apiVersion: v1
  kind: Service
  metadata:
    name: list
  spec:
    selector: {app: list}
    ports:
    - port: 80
# The second item.
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: list
  spec:
    selector:
      matchLabels: {app: list}
    template:
      metadata:
        labels: {app: list}
      spec:
        containers:
        - name: app
          image: nginx:1.27
# The third item.
- apiVersion: v1
  kind: Pod
  metadata:
    name: list
  spec:
    containers:
    - name: app
      image: nginx:1.27
# The list ends.
---
# 18. Flow collections over many lines.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: multi-line-flow
spec:
  selector: {
    matchLabels: {app: flow}
  }
  template:
    metadata: {
      labels: {app: flow}, # a comment in flow
    }
    spec: {
      containers: [
        {
          name: app, # the application
          image: "nginx:1.27",
          ports: [{containerPort: 8080}],
        },
        {
          name: sidecar,
          image: "envoyproxy/envoy:v1.31.0"
        } # without a comma behind
      ],
      dnsPolicy: ClusterFirst,
    }
---
# 19. Some of it is there already: a null, an empty mapping, a part.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: partly-there
spec:
  selector:
    matchLabels:
      app: partly
  template:
    metadata:
      labels:
        app: partly
    spec:
      securityContext: # decided by the platform team
      containers:
      - name: empty
        image: nginx:1.27
        securityContext: {}
      - name: part
        image: nginx:1.27
        securityContext:
          # Checked by the scanner.
          runAsUser: 1000 # the image's user
          capabilities:
            drop: # all of them
            - ALL
        ports:
        - containerPort: 8081
      - name: flow-part
        image: nginx:1.27
        securityContext: {readOnlyRootFilesystem: true} # strict already
      - name: null-part
        image: nginx:1.27
        securityContext: ~
---
# 20. Comments at every depth.
# A second line, at the left edge.
apiVersion: v1 # core
# between apiVersion and kind
kind: Pod # one pod
# before metadata

# after a blank line
metadata: # who
  # above the name
  name: comments # the name
  # below the name
# at the left edge again
spec: # what
  # above containers
  containers: # the list
  # above the first item
  - name: first # its name
    # between name and image
    image: nginx:1.27 # its image
    # below the image
    #   deeper
  # between the items
  - # behind the dash
    # above the name
    name: second
      # a deeper comment
    image: nginx:1.27
    # resources:
    #   limits:
    #     cpu: 1
  # above hostname, below containers
  hostname: comments
  # at the end of spec
# at the end of the document
---
# 21. As Helm prints.
# Source: todo/templates/backend.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: release-todo-backend
  labels:
    helm.sh/chart: todo-0.1.0
    app.kubernetes.io/managed-by: Helm
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: todo
  template:
    metadata:
      annotations:
        checksum/config: 5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9
      labels:
        app.kubernetes.io/name: todo
    spec:
      serviceAccountName: release-todo
      securityContext:
        {}
      containers:
        - name: todo
          securityContext:
            {}
          image: "ghcr.io/example/todo:1.0.0"
          resources:
            {}
---
# 22. A Knative Service: fields of containers only.
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: knative
spec:
  template:
    spec:
      containerConcurrency: 10
      containers:
        - image: ghcr.io/example/fn:0.3.0 # one container, without a name
          env:
            - {name: TARGET, value: world}
---
# 23. Tags and unusual scalars.
apiVersion: !!str v1
kind: Pod
metadata: !!map
  name: !!str tags
  annotations:
    version: "1.10" # a string
    enabled: 'on'
    empty:
spec: !!map
  containers: !!seq
  - !!map
    name: app
    image: !!str nginx:1.27
---
# 24. Everything on one line.
{apiVersion: v1, kind: Pod, metadata: {name: one-line}, spec: {containers: [{name: app, image: "nginx:1.27"}], dnsPolicy: Default}}
---
# 25. Init containers, a sidecar, an ephemeral container.
apiVersion: v1
kind: Pod
metadata:
  name: roles
spec:
  initContainers:
  - name: migrate
    image: ghcr.io/example/api:1.7.3
    args: [migrate]
  - name: log-shipper # a sidecar
    image: fluent/fluent-bit:3.1
    restartPolicy: Always
  containers:
  - name: api
    image: ghcr.io/example/api:1.7.3
  ephemeralContainers:
  - name: debug
    image: busybox:1.36
    stdin: true
---
# 26. Not a workload: not a byte may change.
apiVersion: v1
kind:    ConfigMap   # odd gaps
metadata: {  name: untouched  }
data:
    pod.yaml: |
        spec:
          containers:
          - name: looks-like-one
            image: nginx

    "yes": 'no'
---
# Comments only: a document that kustomize drops and krmor keeps.

---
# 27. Dashes in the column of their parent's parent, deep in a DeploymentConfig.
kind: DeploymentConfig
apiVersion: apps.openshift.io/v1
metadata:
   name: three-columns
spec:
   replicas: 1
   selector:
      app: legacy
   triggers:
   - type: ConfigChange
   template:
      metadata:
         labels:
            app: legacy
      spec:
         containers:
         - name: legacy
           image: registry.example.com/legacy:7
           ports:
           - containerPort: 8080
             protocol: TCP
         dnsPolicy: ClusterFirst
         restartPolicy: Always
   test: false
'''
text = text.replace("~# ", T + "# ").replace("~~# two", T+T+"# two").replace("kind: Pod~", "kind: Pod"+T).replace("metadata:~", "metadata:"+T).replace("image: nginx:1.27~", "image: nginx:1.27"+T).replace("   ~\n", "   "+T+"\n").replace("  _\n", "  \n").replace("   _\n","   \n")
open("workloads.yaml","w").write(text)
