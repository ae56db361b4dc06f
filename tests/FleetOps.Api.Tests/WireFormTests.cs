using System.Text.Json;

namespace FleetOps.Api.Tests;

public sealed class WireFormTests
{
    [Fact]
    public void What_the_manifest_leaves_out_has_the_defaults_of_the_schema()
    {
        var model = Read("""{"spec":{"model":{"source":"hf://o/r/f.gguf"},"engine":{"maxSequences":2}}}""");

        Assert.Equal(1, model.Spec.Replicas);
        Assert.Equal(new EngineSpec { MaxSequences = 2 }, model.Spec.Engine);
        Assert.Equal(4096, model.Spec.Engine.ContextLength);
        Assert.Equal(-1, model.Spec.Engine.GpuLayers);
        Assert.Equal(new ResourcesSpec(), model.Spec.Resources);
        Assert.Equal("nvidia.com/gpu", model.Spec.Resources.GpuResourceName);
        Assert.Equal(new RolloutSpec { MaxSurge = "1", MaxUnavailable = "0", ProgressDeadlineSeconds = 1800, DrainTimeoutSeconds = 50 }, model.Spec.Rollout);
        Assert.Equal(new CacheSpec(), model.Spec.Cache);
        Assert.Null(model.Spec.Cache.Type);
        Assert.Equal(new ServiceSpec { Type = ServiceType.ClusterIP, Port = 9090 }, model.Spec.Service);
        Assert.Null(model.Spec.Placement);
        Assert.Null(model.Spec.Disruption);
        Assert.Null(model.Spec.Pod);
    }

    [Theory]
    [InlineData("4", "4")]
    [InlineData("\"500m\"", "500m")]
    public void A_quantity_may_be_a_number_or_text(string written, string read)
    {
        var model = Read("""{"spec":{"model":{"source":"s"},"resources":{"cpu":QUANTITY}}}""".Replace("QUANTITY", written, StringComparison.Ordinal));

        Assert.Equal(read, model.Spec.Resources.Cpu);
    }

    [Fact]
    public void What_is_Kubernetes_own_is_read_as_it_is_written()
    {
        var model = Read(
            """
            {"spec":{"model":{"source":"s","license":{"id":"llama3.1","accepted":true}},
              "resources":{"gpus":1,"gpuProducts":["NVIDIA-L40S"],"minGpuMemory":"22Gi"},
              "rollout":{"maxSurge":"25%","maxUnavailable":1},
              "placement":{"nodeSelector":{"disk":"ssd"},"tolerations":[{"operator":"Exists"}],"affinity":{"podAffinity":{"future":[1]}},
                "topologySpreadConstraints":[{"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}]},
              "disruption":{"minAvailable":"50%"},
              "pod":{"env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}}}
            """);

        Assert.Equal(("25%", "1", "50%"), (model.Spec.Rollout.MaxSurge, model.Spec.Rollout.MaxUnavailable, model.Spec.Disruption!.MinAvailable));
        Assert.Equal("ssd", model.Spec.Placement!.NodeSelector!["disk"]);
        Assert.Equal("""{"podAffinity":{"future":[1]}}""", model.Spec.Placement.Affinity!.Value.GetRawText());
        Assert.Equal(new SpreadConstraint { TopologyKey = "zone", WhenUnsatisfiable = "DoNotSchedule", MaxSkew = 1 }, Assert.Single(model.Spec.Placement.TopologySpreadConstraints!));
        Assert.Equal(new KeyReference { Name = "s", Key = "k" }, Assert.Single(model.Spec.Pod!.Env!).ValueFrom!.SecretKeyRef);
        Assert.True(model.Spec.Model.License!.Accepted);
    }

    [Fact]
    public void A_body_for_the_status_alone_says_nothing_of_the_spec()
    {
        var json = JsonSerializer.Serialize(
            new ModelDeployment
            {
                Metadata = new() { Name = "m" },
                Status = new() { Phase = Phases.Ready, Workers = [new() { Pod = "m-1", Phase = WorkerPhases.Serving, Since = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc) }] },
            },
            FleetOpsJson.Default.ModelDeployment);

        Assert.Equal(
            """{"apiVersion":"fleetops.dev/v1alpha1","kind":"ModelDeployment","metadata":{"name":"m"},"status":{"phase":"Ready","replicas":0,"readyReplicas":0,"updatedReplicas":0,"workers":[{"pod":"m-1","phase":"Serving","since":"2026-01-02T03:04:05Z"}]}}""",
            json);
    }

    private static ModelDeployment Read(string json) => JsonSerializer.Deserialize(json, FleetOpsJson.Default.ModelDeployment)!;
}
