using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.Tests.Plan;

public sealed class NetworkPolicyTests
{
    [Theory]
    [InlineData("hf://o/r/f.gguf", new[] { 443, 80 })]
    [InlineData("https://example.com/f.gguf", new[] { 443, 80 })]
    [InlineData("https://example.com:443/f.gguf", new[] { 443, 80 })]
    [InlineData("https://example.com:8443/f:1.gguf", new[] { 443, 80, 8443 })]
    [InlineData("oci://docker.io/ai/model:v1", new[] { 443, 80 })]
    [InlineData("oci://registry.example:5000/o/model:v1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", new[] { 443, 80, 5000 })]
    public void A_worker_reaches_names_and_the_source_of_its_weights(string source, int[] ports)
    {
        var policy = PolicyOf(new() { Model = new() { Source = source } });

        Assert.Equal(ports, PortsOf(policy.Spec.Egress.Skip(1)));
        Assert.Equal([53, 53, 5353, 5353], PortsOf(policy.Spec.Egress.Take(1)));
    }

    [Theory]
    [InlineData("pvc://models/f.gguf")]
    [InlineData("https://example.com/f.gguf")]
    public void A_collector_of_traces_is_told_to_the_worker_and_may_be_reached(string source)
    {
        var settings = Given.Settings with { Collector = new() { Endpoint = new("http://collector:4317"), TraceShare = 0.25 } };
        var plan = Planner.Plan(new() { Model = Given.Model(spec: new() { Model = new() { Source = source } }) }, settings);

        Assert.Contains("--otlp-endpoint http://collector:4317 --otlp-protocol Grpc --trace-share 0.25", string.Join(' ', plan.Deployment!.Spec.Template.Spec.Containers[0].Args), StringComparison.Ordinal);
        Assert.Equal("4317", Assert.Single(plan.NetworkPolicy!.Spec.Egress[^1].Ports).Port.Value);
        Assert.Contains(plan.NetworkPolicy.Spec.Egress[0].Ports, port => port.Port.Value == "53");
    }

    [Theory]
    [InlineData("https://example.com/models/f.gguf", "https://example.com/models/=http://mirror:8080/m/")]
    [InlineData("oci://ghcr.io/acme/tiny:v1", "oci://ghcr.io/=oci://mirror:8080/ghcr/")]
    public void A_mirror_of_the_source_is_told_to_the_worker_and_may_be_reached(string source, string mirror)
    {
        var settings = Given.Settings with { Mirrors = [mirror, "s3://models/=http://other:8081/m/"] };
        var plan = Planner.Plan(new() { Model = Given.Model(spec: new() { Model = new() { Source = source } }) }, settings);

        var arguments = plan.Deployment!.Spec.Template.Spec.Containers[0].Args;
        Assert.Equal(mirror, arguments[arguments.IndexOf("--mirror") + 1]);
        Assert.DoesNotContain(arguments, argument => argument.Contains("other", StringComparison.Ordinal));
        Assert.Equal("8080", Assert.Single(plan.NetworkPolicy!.Spec.Egress[^1].Ports).Port.Value);
    }

    [Fact]
    public void A_worker_that_fetches_nothing_reaches_nothing()
    {
        var policy = PolicyOf(new() { Model = new() { Source = "pvc://models/f.gguf" } });

        Assert.Contains("Egress", policy.Spec.PolicyTypes);
        Assert.Null(policy.Spec.Egress);
    }

    [Fact]
    public void A_proxy_or_a_mirror_that_the_spec_names_is_reached()
    {
        var policy = PolicyOf(new()
        {
            Model = new() { Source = "hf://o/r/f.gguf" },
            Pod = new() { Env = [new() { Name = "https_proxy", Value = "proxy:3128" }, new() { Name = "HF_ENDPOINT", Value = "https://hub, http://mirror:9000/" }, new() { Name = "OTHER", Value = "http://x:1" }] },
        });

        Assert.Equal([443, 80, 3128, 9000], PortsOf(policy.Spec.Egress.Skip(1)));
    }

    [Fact]
    public void A_server_of_buckets_that_the_spec_names_is_reached()
    {
        var policy = PolicyOf(new()
        {
            Model = new() { Source = "s3://models/llama/f.gguf" },
            Pod = new() { Env = [new() { Name = "AWS_ENDPOINT_URL_S3", Value = "http://minio:9000" }, new() { Name = "AWS_ENDPOINT_URL_STS", Value = "https://sts:9001/" }] },
        });

        Assert.Equal([443, 80, 9000, 9001], PortsOf(policy.Spec.Egress.Skip(1)));
    }

    [Fact]
    public void Callers_reach_the_two_ports_of_these_workers_alone()
    {
        var policy = PolicyOf(new() { Model = new() { Source = "hf://o/r/f.gguf" } });

        var rule = Assert.Single(policy.Spec.Ingress);
        Assert.Null(rule.FromProperty);
        Assert.Equal(["9090", "8080"], rule.Ports.Select(port => (string)port.Port));
        Assert.Equal("demo", Assert.Single(policy.Spec.PodSelector.MatchLabels).Value);
    }

    private static V1NetworkPolicy PolicyOf(ModelDeploymentSpec spec) => Planner.Plan(new() { Model = Given.Model(spec: spec) }, Given.Settings).NetworkPolicy!;

    private static IEnumerable<int> PortsOf(IEnumerable<V1NetworkPolicyEgressRule> rules) =>
        rules.SelectMany(rule => rule.Ports).Select(port => int.Parse((string)port.Port, System.Globalization.CultureInfo.InvariantCulture));
}
