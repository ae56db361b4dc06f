using System.Text.Json;
using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using k8s.Models;

namespace FleetOps.Operator.Tests.Status;

/// <summary>The memory that a model takes is shown, and held against the GPUs of the nodes.</summary>
public sealed class MemoryTests
{
    private const long Gibi = 1L << 30;

    private const string WaitsForGpu =
        """{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes are available: 3 Insufficient nvidia.com/gpu."}]}""";

    private static readonly GpuOffers Offers = GpuOffers.Of([Node("l4", "NVIDIA-L4", "23034", 2), Node("t4", "Tesla-T4", "15360", 4), Node("a100", "NVIDIA-A100", "81920", 1)]);

    private static readonly ModelDeployment Model = Given.Model(spec: Given.Model().Spec with { Resources = new() { Gpus = 1 } });

    [Fact]
    public void What_a_worker_tells_of_memory_is_shown_while_it_still_fetches()
    {
        var told = JsonSerializer.Deserialize(
            """{"phase":"Fetching","memory":{"measured":false,"weightsBytes":5,"kvCacheBytes":3,"computeBytes":2,"totalBytes":10,"gpuBytes":9,"devices":[{"name":"CUDA0"}]}}""",
            WorkerJson.Default.WorkerState)!;

        var status = Given.StatusOf(Given.Carried(Model, new WorkerObservation(Given.RunningPod(Model), told)));

        Assert.Equal(new ModelMemory { WeightsBytes = 5, KvCacheBytes = 3, ComputeBytes = 2, TotalBytes = 10, GpuBytes = 9 }, status.Memory);
        Assert.Equal(
            """{"weightsBytes":5,"kvCacheBytes":3,"computeBytes":2,"totalBytes":10,"gpuBytes":9,"measured":false}""",
            JsonSerializer.SerializeToElement(status, FleetOpsJson.Default.ModelDeploymentStatus).GetProperty("memory").GetRawText());
    }

    [Fact]
    public void What_was_measured_counts_more_than_what_was_computed()
    {
        var fetching = new WorkerObservation(Given.RunningPod(Model), Telling(10 * Gibi));
        var serving = new WorkerObservation(Given.ReadyPod(Model, "demo-2"), Telling(11 * Gibi, measured: true));

        Assert.Equal(11 * Gibi, Given.StatusOf(Given.Carried(Model, fetching, serving)).Memory!.GpuBytes);
        Assert.Equal(11 * Gibi, Given.StatusOf(Given.Carried(Model, serving, fetching)).Memory!.GpuBytes);
        Assert.Equal(11 * Gibi, Given.StatusOf(Given.Carried(After(serving), fetching)).Memory!.GpuBytes);
    }

    [Fact]
    public void What_was_told_of_an_earlier_spec_is_forgotten_and_of_this_one_it_is_kept()
    {
        var told = new WorkerObservation(Given.RunningPod(Model), Telling(10 * Gibi));
        var same = After(told);
        Assert.Equal(10 * Gibi, Given.StatusOf(Given.Carried(same)).Memory!.GpuBytes);

        same.Metadata.Generation++;
        Assert.Null(Given.StatusOf(Given.Carried(same)).Memory);

        var changed = Given.Model(spec: Model.Spec with { Engine = new() { ContextLength = 8192 } });
        Assert.Null(Given.StatusOf(Given.Carried(changed, told)).Memory);
    }

    [Theory]
    [InlineData(1, null, 80, true)]
    [InlineData(1, null, 81, false)]
    [InlineData(2, null, 44, true)]
    [InlineData(2, null, 45, false)]
    [InlineData(4, null, 60, true)]
    [InlineData(1, "Tesla-T4", 15, true)]
    [InlineData(1, "Tesla-T4", 16, false)]
    [InlineData(1, "NVIDIA-H100", 500, true)]
    [InlineData(8, null, 500, true)]
    public void The_GPUs_of_one_node_have_to_hold_the_model(int gpus, string? product, int neededGibi, bool fits)
    {
        var model = Given.Model(spec: Model.Spec with { Resources = new() { Gpus = gpus, GpuProducts = product is null ? null : [product] } });
        var observed = Given.Carried(model, new WorkerObservation(Given.RunningPod(model), Telling(neededGibi * Gibi))) with { Gpus = Offers };

        var ready = Given.Condition(Given.StatusOf(observed), ConditionTypes.Ready);

        // Where no node offers such GPUs at all, that is another reason's.
        Assert.Equal(fits ? Reasons.FetchingWeights : Reasons.InsufficientGpuMemory, ready.Reason);
    }

    [Fact]
    public void A_model_that_is_to_be_tried_all_the_same_is_not_called_failed()
    {
        var model = Given.Model(spec: Model.Spec with { Engine = new() { FitCheck = FitCheck.Warn } });
        var observed = Given.Carried(model, new WorkerObservation(Given.RunningPod(model), Telling(500 * Gibi))) with { Gpus = Offers };

        Assert.Equal(Reasons.FetchingWeights, Given.Condition(Given.StatusOf(observed), ConditionTypes.Ready).Reason);
        Assert.Equal(500 * Gibi, Given.StatusOf(observed).Memory!.GpuBytes);
    }

    [Fact]
    public void Both_figures_are_told_though_the_pod_only_waits()
    {
        var known = After(new WorkerObservation(Given.RunningPod(Model), Telling(100 * Gibi)));
        var observed = Given.Carried(known, new WorkerObservation(Given.Pod(known, WaitsForGpu))) with { Gpus = Offers };

        var status = Given.StatusOf(observed);

        Assert.Equal(Phases.Failed, status.Phase);
        foreach (var type in new[] { ConditionTypes.Ready, ConditionTypes.Stalled, ConditionTypes.WeightsReady })
        {
            var condition = Given.Condition(status, type);
            Assert.Equal((type == ConditionTypes.Stalled ? "True" : "False", Reasons.InsufficientGpuMemory), (condition.Status, condition.Reason));
            Assert.Contains($"a worker needs {100 * Gibi} bytes, and the most that 1 nvidia.com/gpu on one node have is {80 * Gibi} bytes", condition.Message, StringComparison.Ordinal);
            Assert.Contains("spec.resources.gpus", condition.Message, StringComparison.Ordinal);
        }

        Assert.Equal(Reasons.GpuUnavailable, Given.Condition(Given.StatusOf(observed with { Gpus = null }), ConditionTypes.Ready).Reason);
    }

    [Fact]
    public void GPUs_whose_memory_nobody_tells_are_not_held_against_it()
    {
        var offers = GpuOffers.Of([Node("l4", "NVIDIA-L4", "23034", 1), Node("plain", null, null, 1)]);
        Assert.Null(offers.MostMemory("nvidia.com/gpu", 1));
        Assert.Equal(23034L << 20, offers.MostMemory("nvidia.com/gpu", 1, ["NVIDIA-L4"]));
        Assert.Null(GpuOffers.Of([Node("odd", "NVIDIA-L4", "9223372036854775807", 1)]).MostMemory("nvidia.com/gpu", 1));
    }

    [Fact]
    public void A_worker_that_loads_or_serves_has_found_its_GPU_large_enough()
    {
        var loading = Given.Carried(Model, new WorkerObservation(Given.RunningPod(Model), Telling(100 * Gibi) with { Phase = WorkerPhases.Loading })) with { Gpus = Offers };
        var serving = Given.Carried(Model, new WorkerObservation(Given.ReadyPod(Model), Telling(100 * Gibi, measured: true))) with { Gpus = Offers };

        Assert.Equal(Reasons.LoadingModel, Given.Condition(Given.StatusOf(loading), ConditionTypes.Ready).Reason);
        Assert.Equal(Reasons.AllWorkersReady, Given.Condition(Given.StatusOf(serving), ConditionTypes.Ready).Reason);
    }

    private static WorkerState Telling(long gpuBytes, bool measured = false) => new()
    {
        Phase = WorkerPhases.Fetching,
        Memory = new() { Measured = measured, WeightsBytes = gpuBytes, TotalBytes = gpuBytes, GpuBytes = gpuBytes },
    };

    private static ModelDeployment After(WorkerObservation worker)
    {
        var model = Given.Model(spec: Model.Spec);
        model.Status = Given.StatusOf(Given.Carried(model, worker));
        return model;
    }

    private static V1Node Node(string name, string? product, string? memory, int gpus)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        if (product is not null)
        {
            labels[GpuOffers.ProductLabel] = product;
            labels[GpuOffers.MemoryLabel] = memory!;
        }

        return new()
        {
            Metadata = new() { Name = name, Labels = labels },
            Status = new() { Allocatable = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal) { ["nvidia.com/gpu"] = new(gpus.ToString(System.Globalization.CultureInfo.InvariantCulture)) } },
        };
    }
}
