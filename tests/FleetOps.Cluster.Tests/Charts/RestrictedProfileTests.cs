using System.Text.Json;
using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Charts;

/// <summary>
/// The pods of the chart pass the restricted profile (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted), so that they run in
/// a namespace that enforces it. The local cluster is older than the admission that does.
/// </summary>
public sealed class RestrictedProfileTests
{
    private static readonly string[] Volumes = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

    private static readonly (string Name, Func<JsonNode, bool> Holds)[] Rules =
    [
        ("no host namespaces", pod => !new[] { "hostNetwork", "hostPID", "hostIPC" }.Any(key => True(pod[key]))),
        ("no host ports", pod => Containers(pod).SelectMany(c => c["ports"]?.AsArray() ?? []).All(port => port!["hostPort"] is null)),
        ("not privileged", pod => Contexts(pod).All(c => !True(c["privileged"]))),
        ("no escalation", pod => Contexts(pod).All(c => c["allowPrivilegeEscalation"]?.GetValueKind() == JsonValueKind.False)),
        ("all capabilities dropped, none added", pod => Contexts(pod).All(c => c["capabilities"]?["drop"]?.ToJsonString() == "[\"ALL\"]" && c["capabilities"]!["add"] is null)),
        ("not root", pod => Contexts(pod).All(c => True(c["runAsNonRoot"]) && c["runAsUser"] is null) && True(pod["securityContext"]?["runAsNonRoot"]) && (int?)pod["securityContext"]!["runAsUser"] > 0),
        ("seccomp", pod => (string?)pod["securityContext"]?["seccompProfile"]?["type"] == "RuntimeDefault" && Contexts(pod).All(c => c["seccompProfile"] is null)),
        ("no AppArmor, SELinux, sysctls or unmasked /proc", pod => Contexts(pod).Append(pod["securityContext"]!).All(c => new[] { "appArmorProfile", "seLinuxOptions", "sysctls", "procMount", "windowsOptions" }.All(key => c[key] is null))),
        ("allowed volumes", pod => (pod["volumes"]?.AsArray() ?? []).All(v => v!.AsObject().All(part => part.Key == "name" || Volumes.Contains(part.Key)))),
        ("no probes of other hosts", pod => Containers(pod).SelectMany(c => new[] { c["livenessProbe"], c["readinessProbe"], c["startupProbe"] }).All(probe => probe?["httpGet"]?["host"] is null && probe?["tcpSocket"]?["host"] is null)),
        ("a root file system that is read only", pod => Contexts(pod).All(c => True(c["readOnlyRootFilesystem"]))),
    ];

    [Theory]
    [InlineData("deployment", "default")]
    [InlineData("deployment", "everything")]
    [InlineData("tests/pod", "default")]
    [InlineData("tests/pod", "everything")]
    public async Task The_operator_and_helm_test_pass_the_restricted_profile(string template, string values)
    {
        var rendered = Yaml.Read(await Helm.TemplateAsync(
            "--kube-version", "1.35.0", "--show-only", $"templates/{template}.yaml", "--values", Repository.Path("tests", "FleetOps.Cluster.Tests", "Charts", "Golden", $"{values}.values.yaml"))).Single();
        var pod = (rendered["spec"]!["template"] ?? rendered)["spec"]!;

        Assert.NotEmpty(Containers(pod));
        Assert.Empty(Rules.Where(rule => !rule.Holds(pod)).Select(rule => rule.Name));
    }

    [Fact]
    public void A_pod_that_says_nothing_of_its_security_breaks_the_rules_that_ask_for_it()
    {
        var pod = JsonNode.Parse("""{"securityContext":{},"hostNetwork":true,"containers":[{"ports":[{"hostPort":80}]}],"volumes":[{"name":"v","hostPath":{"path":"/"}}]}""")!;

        Assert.Equal(
            ["no host namespaces", "no host ports", "no escalation", "all capabilities dropped, none added", "not root", "seccomp", "allowed volumes", "a root file system that is read only"],
            Rules.Where(rule => !rule.Holds(pod)).Select(rule => rule.Name));
    }

    private static bool True(JsonNode? node) => node?.GetValueKind() == JsonValueKind.True;

    private static IEnumerable<JsonNode> Containers(JsonNode pod) =>
        new[] { "initContainers", "containers", "ephemeralContainers" }.SelectMany(kind => pod[kind]?.AsArray() ?? []).Select(container => container!);

    private static IEnumerable<JsonNode> Contexts(JsonNode pod) => Containers(pod).Select(container => container["securityContext"] ?? new JsonObject());
}
