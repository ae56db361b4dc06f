using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.Tests.Plan;

/// <summary>Workers pass the restricted profile (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).</summary>
public sealed class PodSecurityTests
{
    private static readonly string[] Specs = ["everything", "GPU", "CPU"];

    private static readonly (string Name, Func<V1PodTemplateSpec, bool> Holds)[] Rules =
    [
        ("no host namespaces", pod => pod.Spec is { HostNetwork: not true, HostPID: not true, HostIPC: not true }),
        ("no host ports", pod => Containers(pod).All(c => (c.Ports ?? []).All(port => port.HostPort is null or 0))),
        ("not privileged", pod => Containers(pod).All(c => c.SecurityContext.Privileged is not true)),
        ("no escalation", pod => Containers(pod).All(c => c.SecurityContext.AllowPrivilegeEscalation is false)),
        ("all capabilities dropped, none added", pod => Containers(pod).All(c => c.SecurityContext.Capabilities is { Drop: ["ALL"], Add: null })),
        ("not root", pod => pod.Spec.SecurityContext is { RunAsNonRoot: true, RunAsUser: > 0 } && Containers(pod).All(c => c.SecurityContext is { RunAsNonRoot: not false, RunAsUser: not 0 })),
        ("seccomp", pod => pod.Spec.SecurityContext.SeccompProfile.Type == "RuntimeDefault" && Containers(pod).All(c => c.SecurityContext.SeccompProfile is null)),
        ("no AppArmor or SELinux of its own", pod => pod.Spec.SecurityContext is { SeLinuxOptions: null, AppArmorProfile: null } && Containers(pod).All(c => c.SecurityContext is { SeLinuxOptions: null, AppArmorProfile: null })),
        ("no unmasked /proc", pod => Containers(pod).All(c => c.SecurityContext.ProcMount is null)),
        ("no sysctls", pod => pod.Spec.SecurityContext.Sysctls is null),
        ("allowed volumes", pod => pod.Spec.Volumes.All(v => v is { EmptyDir: not null } or { PersistentVolumeClaim: not null } or { Secret: not null })),
        ("no probes of other hosts", pod => Containers(pod).SelectMany(c => new[] { c.LivenessProbe, c.ReadinessProbe, c.StartupProbe }).All(p => p?.HttpGet?.Host is null && p?.TcpSocket?.Host is null)),
        ("no token", pod => pod.Spec.AutomountServiceAccountToken is false),
    ];

    public static TheoryData<string, string> Table => [.. Specs.SelectMany(spec => Rules.Select(rule => new TheoryDataRow<string, string>(spec, rule.Name)))];

    [Theory, MemberData(nameof(Table))]
    public void Workers_pass_the_restricted_profile(string spec, string rule)
    {
        var model = Given.Model(spec: spec switch { "everything" => Given.Everything, "CPU" => new ModelDeploymentSpec { Model = new() { Source = "hf://o/r/f.gguf" }, Resources = new() { Gpus = 0 } }, _ => null });

        var plan = Planner.Plan(new() { Model = model }, Given.Settings);

        Assert.NotEmpty(Containers(plan.Deployment!.Spec.Template));
        Assert.True(Rules.Single(r => r.Name == rule).Holds(plan.Deployment.Spec.Template));
    }

    private static IEnumerable<V1Container> Containers(V1PodTemplateSpec pod) => [.. pod.Spec.Containers, .. pod.Spec.InitContainers ?? []];
}
