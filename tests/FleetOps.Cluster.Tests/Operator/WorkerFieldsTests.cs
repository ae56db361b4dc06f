using FleetOps.Api;

namespace FleetOps.Cluster.Tests.Operator;

/// <summary>What the spec says of workers, as the API server takes it.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class WorkerFieldsTests(OperatedCluster cluster)
{
    private const string Everything =
        """
        {model: {source: 'https://example.com:8443/f.gguf', license: {id: apache-2.0, accepted: true}}, replicas: 2,
         resources: {gpus: 1, gpuResourceName: nvidia.com/mig-1g.10gb, gpuProducts: [NVIDIA-L40S], minGpuMemory: 22Gi, runtimeClassName: nvidia},
         rollout: {maxSurge: 0, maxUnavailable: 25%, progressDeadlineSeconds: 600, drainTimeoutSeconds: 120},
         cache: {type: PersistentVolumeClaim, claimName: weights},
         placement: {nodeSelector: {disk: ssd}, tolerations: [{key: team, operator: Equal, value: chat, effect: NoExecute, tolerationSeconds: 60}, {operator: Exists}],
           affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In, values: [a]}]}]}},
             podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: zone, labelSelector: {matchLabels: {a: b}}}}]}},
           topologySpreadConstraints: [{topologyKey: zone, whenUnsatisfiable: DoNotSchedule, maxSkew: 2}], priorityClassName: high},
         service: {type: LoadBalancer, port: 443, annotations: {cloud/type: nlb}},
         pod: {labels: {team: chat}, annotations: {mesh/inject: 'false'}, image: 'registry/worker:2', imagePullSecrets: [{name: registry}],
           env: [{name: A, value: a}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}, {name: C, valueFrom: {configMapKeyRef: {name: c, key: k, optional: false}}}]}}
        """;

    [Fact]
    public async Task All_that_can_be_said_of_workers_is_taken_by_the_API_server_and_stays_as_it_was_written()
    {
        var ns = await cluster.NewNamespaceAsync();
        await ns.CreateModelAsync("full", Everything.ReplaceLineEndings(" "));
        var (deployment, _) = await ns.AwaitAsync($"{ns.Deployments}/full", _ => true, "the Deployment");
        var (service, _) = await ns.AwaitAsync($"{ns.Services}/full", _ => true, "the Service");

        var pod = deployment["spec"]!["template"]!["spec"]!;
        Assert.Equal(130, (int)pod["terminationGracePeriodSeconds"]!);
        Assert.Equal("weights", (string)pod["volumes"]![0]!["persistentVolumeClaim"]!["claimName"]!);
        Assert.Equal(3, pod["affinity"]!["nodeAffinity"]!["requiredDuringSchedulingIgnoredDuringExecution"]!["nodeSelectorTerms"]![0]!["matchExpressions"]!.AsArray().Count);
        Assert.Equal("25%", (string)deployment["spec"]!["strategy"]!["rollingUpdate"]!["maxUnavailable"]!);
        Assert.Equal(("LoadBalancer", 443), ((string)service["spec"]!["type"]!, (int)service["spec"]!["ports"]![0]!["port"]!));

        // The next reconcile finds nothing else to change.
        Assert.True((await ns.Rest.MergeAsync($"{ns.Models}/full", """{"spec":{"replicas":3}}""")).IsSuccess);
        var (scaled, _) = await ns.AwaitAsync($"{ns.Deployments}/full", d => (int)d["spec"]!["replicas"]! == 3, "three workers");
        await ns.AwaitAsync($"{ns.Models}/full", m => (int?)m["status"]?["observedGeneration"] == 2, "status of the second spec");
        Assert.Equal(2, (int)scaled["metadata"]!["generation"]!);
        Assert.Equal((string)service["metadata"]!["resourceVersion"]!, (string)(await ns.TryGetAsync($"{ns.Services}/full"))!["metadata"]!["resourceVersion"]!);
    }

    [Theory]
    [InlineData("{model: {source: hf://o/r/f.gguf, license: {id: llama3.1, accepted: false}}}", Reasons.LicenseNotAccepted, "spec.model.license.accepted")]
    [InlineData("{model: {source: hf://o/r/f.gguf}, cache: {type: HostPath, path: /srv/models}}", Reasons.PolicyViolation, "--allow-host-path")]
    [InlineData("{model: {source: hf://o/r/f.gguf}, placement: {affinity: {nodeAfinity: {}}}}", Reasons.InvalidSpec, "spec.placement.affinity.nodeAfinity")]
    [InlineData("{model: {source: hf://o/r/f.gguf}, pod: {labels: {fleetops.dev/model: other}}}", Reasons.InvalidSpec, "spec.pod.labels")]
    public async Task What_is_not_allowed_is_refused_with_the_cure_and_nothing_is_made(string spec, string reason, string says)
    {
        var ns = await cluster.NewNamespaceAsync();
        await ns.CreateModelAsync("refused", spec);

        var message = await ns.AwaitConditionAsync("refused", "Accepted", "False", reason);

        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.Null(await ns.TryGetAsync($"{ns.Deployments}/refused"));
    }
}
