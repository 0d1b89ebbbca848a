//! The rules of `Monitoring`.

krmor_core::rules! {
    DEPRECATED = "deprecated", Info,
        "The config uses a field that the Prometheus operator has deprecated",
        "A later version of the operator may not read the field, and Prometheus would then be refused. Write the field that took its place.";
    METRICS_PORT = "metrics-port", Error,
        "The port for metrics is missing, is not TCP, or cannot be added",
        "A ServiceMonitor and a PodMonitor know ports by their names, and Prometheus would scrape nothing without an error. Correct `port` in the config, name the port in the Service and the container, or let `addPort` add it.";
    MONITOR = "monitor", Info,
        "krmor adds a ServiceMonitor or PodMonitor, or sets fields of its endpoint",
        "The change is what the config asks for. Fields of an existing monitor that the config does not name stay.";
    NO_SERVICE = "no-service", Error,
        "No Service sends to the pods, or none of the name that `service` gives",
        "A ServiceMonitor selects Services, so it would find nothing. Add a Service whose selector matches the labels of the pod template, correct `service`, or write `monitor: pod`.";
    POD_LABELS = "pod-labels", Error,
        "A pod template has no labels",
        "A PodMonitor selects pods by their labels, so it would find nothing. Give the pod template labels.";
    SCRAPE_TIMEOUT = "scrape-timeout", Error,
        "A scrape may take longer than the time between two scrapes",
        "The operator compares `scrapeTimeout` with `interval` of the endpoint, and where that says none with `scrapeInterval` of the Prometheus, which is 30s unless somebody sets it. Where the timeout is longer it leaves the monitor out, and nothing is scraped. Shorten `scrapeTimeout`, or write a longer `interval`.";
    SECOND_LOGIN = "second-login", Error,
        "An endpoint logs in by another field already",
        "Prometheus takes one of `basicAuth`, `authorization`, `bearerTokenSecret`, `bearerTokenFile` and `oauth2`, and the operator refuses a monitor with two. Remove the field of the monitor, or the one of the config.";
    SECOND_MONITOR = "second-monitor", Error,
        "Two monitors scrape the same path of the same port",
        "Each metric would be stored twice, which doubles sums and rates. Remove one of the two monitors, or change `monitor` in the config. Where two Prometheus instances each read one of them, say so by `instance`, with the `labels` by which the instance selects.";
    SERVICE_LABELS = "service-labels", Error,
        "A Service has no labels",
        "A ServiceMonitor selects Services by their own labels, not by their selectors, so it would find nothing. Give the Service the labels of the workload.";
    WHICH_SERVICE = "which-service", Error,
        "The stream does not say which of several Services is to be scraped",
        "Several Services send to the pods, or two have the same labels and port, so pods would be scraped twice. Name one in `service` of the config, or give one of the two a label of its own.";
}
