package main

import (
	"bufio"
	"fmt"
	"os"
)

// generate writes n small Deployments, 1.0 to 1.4 KB each, and gives the size in bytes. The same n gives the same bytes.
// Every third one has a second container, every fifth an init container, so that no two neighbours look alike.
func generate(path string, n int) int64 {
	file, err := os.Create(path)
	check(err)
	w := bufio.NewWriterSize(file, 1<<20)
	for i := range n {
		deployment(w, i)
	}
	check(w.Flush())
	stat, err := file.Stat()
	check(err)
	check(file.Close())
	return stat.Size()
}

func deployment(w *bufio.Writer, i int) {
	if i > 0 {
		fmt.Fprintln(w, "---")
	}
	app := [...]string{"orders", "payments", "catalog", "search", "mailer", "sessions", "billing"}[i%7]
	team := [...]string{"storefront", "platform", "finance"}[i%3]
	name := fmt.Sprintf("%s-%05d", app, i)
	fmt.Fprintf(w, `# %s: owned by team %s
apiVersion: apps/v1
kind: Deployment
metadata:
  name: %s
  namespace: team-%s
  labels:
    app.kubernetes.io/name: %s
    app.kubernetes.io/instance: %s
    app.kubernetes.io/part-of: shop
spec:
  replicas: %d
  selector:
    matchLabels:
      app.kubernetes.io/instance: %s
  template:
    metadata:
      labels:
        app.kubernetes.io/name: %s
        app.kubernetes.io/instance: %s
    spec:
`, app, team, name, team, app, name, 1+i%4, name, app, name)
	if i%5 == 0 {
		fmt.Fprintf(w, `      initContainers:
        - name: migrate
          image: ghcr.io/example/%s:1.%d.0
          args: ["migrate", "--wait"]
`, app, i%20)
	}
	fmt.Fprintf(w, `      containers:
        - name: app
          image: ghcr.io/example/%s:1.%d.%d
          ports:
            - name: http
              containerPort: %d # the Service's target
          env:
            - name: LOG_LEVEL
              value: "info"
            - name: SHARD
              value: "%d"
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef: {name: %s-database, key: url}
          resources:
            requests:
              cpu: %dm
              memory: 128Mi
          volumeMounts:
            - name: config
              mountPath: /etc/%s
              readOnly: true
`, app, i%20, i%10, 8000+i%10, i%16, app, 50+10*(i%6), app)
	if i%3 == 0 {
		fmt.Fprintf(w, `        # ships the access log
        - name: logs
          image: ghcr.io/example/log-shipper:0.9.%d
          args:
            - --follow
            - /etc/%s/log.conf
`, i%8, app)
	}
	fmt.Fprintf(w, `      volumes:
        - name: config
          configMap:
            name: %s-config
`, app)
}
