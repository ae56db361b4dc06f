using k8s.Models;

namespace FleetOps.ControllerRuntime.Tests;

/// <summary>Objects that tests apply.</summary>
internal static class Examples
{
    public static V1ConfigMap ConfigMap(string ns, string name, string value = "1") => new()
    {
        ApiVersion = "v1",
        Kind = "ConfigMap",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns },
        Data = new Dictionary<string, string> { ["key"] = value },
    };

    /// <summary>A Deployment that states much of what operators state, so that the server has much to default around it.</summary>
    public static V1Deployment Deployment(string ns, string name) => new()
    {
        ApiVersion = "apps/v1",
        Kind = "Deployment",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns, Labels = new Dictionary<string, string> { ["app"] = name } },
        Spec = new V1DeploymentSpec
        {
            Replicas = 0,
            Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = name } },
            Strategy = new V1DeploymentStrategy { Type = "RollingUpdate", RollingUpdate = new V1RollingUpdateDeployment { MaxSurge = 1, MaxUnavailable = "0%" } },
            Template = new V1PodTemplateSpec
            {
                Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["app"] = name } },
                Spec = PodSpec(),
            },
        },
    };

    public static V1Service Service(string ns, string name) => new()
    {
        ApiVersion = "v1",
        Kind = "Service",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns },
        Spec = new V1ServiceSpec
        {
            Selector = new Dictionary<string, string> { ["app"] = name },
            Ports = [new V1ServicePort { Name = "grpc", Port = 9090, Protocol = "TCP", TargetPort = "grpc", AppProtocol = "kubernetes.io/h2c" }],
        },
    };

    private static V1PodSpec PodSpec() => new()
    {
        AutomountServiceAccountToken = false,
        EnableServiceLinks = false,
        TerminationGracePeriodSeconds = 60,
        SecurityContext = new V1PodSecurityContext { RunAsNonRoot = true, RunAsUser = 65532, FsGroup = 65532, SeccompProfile = new V1SeccompProfile { Type = "RuntimeDefault" } },
        Volumes =
        [
            new V1Volume { Name = "models", EmptyDir = new V1EmptyDirVolumeSource() },
            new V1Volume { Name = "tmp", EmptyDir = new V1EmptyDirVolumeSource { SizeLimit = new ResourceQuantity("0.5Gi") } },
        ],
        Containers =
        [
            new V1Container
            {
                Name = "worker",
                Image = "example.org/worker:1",
                Args = ["serve", "--threads", "4"],
                Env = [new V1EnvVar { Name = "A", Value = "1" }, new V1EnvVar { Name = "EMPTY", Value = "" }],
                Ports = [new V1ContainerPort { Name = "grpc", ContainerPort = 9090 }, new V1ContainerPort { Name = "http", ContainerPort = 8080 }],
                Resources = new V1ResourceRequirements
                {
                    Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1000m"), ["memory"] = new("1024Mi") },
                    Limits = new Dictionary<string, ResourceQuantity> { ["nvidia.com/gpu"] = new("1"), ["memory"] = new("2Gi") },
                },
                ReadinessProbe = new V1Probe { HttpGet = new V1HTTPGetAction { Path = "/readyz", Port = "http" }, PeriodSeconds = 2 },
                SecurityContext = new V1SecurityContext { AllowPrivilegeEscalation = false, ReadOnlyRootFilesystem = true, Capabilities = new V1Capabilities { Drop = ["ALL"] } },
                VolumeMounts = [new V1VolumeMount { Name = "models", MountPath = "/var/lib/models" }, new V1VolumeMount { Name = "tmp", MountPath = "/tmp" }],
            },
        ],
    };
}
