using FleetOps.Api;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.Operator.ModelDeployments.Observe;
using k8s.Models;

namespace FleetOps.Operator.Tests.Status;

public sealed class GpuOfferTests
{
    private static readonly GpuOffers Offers = GpuOffers.Of(
    [
        Node("a1", "NVIDIA-A100-SXM4-80GB", "81920", ("nvidia.com/gpu", "8")),
        Node("a2", "NVIDIA-A100-SXM4-80GB", "81920", ("nvidia.com/gpu", "8")),
        Node("t4", "Tesla-T4", "15360", ("nvidia.com/gpu", "4"), ("nvidia.com/mig-1g.10gb", "0")),
        Node("cpu", null, null, ("example.com/fpga", "1")),
    ]);

    [Fact]
    public void Offers_are_summed_up_by_kind()
    {
        Assert.Equal(
            [
                new("example.com/fpga", null, null, 1, 1, 1),
                new("nvidia.com/gpu", "NVIDIA-A100-SXM4-80GB", 81920, 2, 16, 8),
                new("nvidia.com/gpu", "Tesla-T4", 15360, 1, 4, 4),
            ],
            Offers.All);
        Assert.Contains("NVIDIA-A100-SXM4-80GB as nvidia.com/gpu (81920 MiB, 16 on 2 nodes)", Offers.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void A_change_of_nodes_that_changes_no_offer_is_none()
    {
        var before = GpuOffers.Of([Node("a1", "NVIDIA-L4", "23034", ("nvidia.com/gpu", "1"))]);
        var after = GpuOffers.Of([Node("a2", "NVIDIA-L4", "23034", ("nvidia.com/gpu", "1"))]);
        var more = GpuOffers.Of([Node("a2", "NVIDIA-L4", "23034", ("nvidia.com/gpu", "2"))]);

        Assert.Equal(before, after);
        Assert.Equal(before.GetHashCode(), after.GetHashCode());
        Assert.NotEqual(before, more);
    }

    [Fact]
    public void Offers_are_summed_up_only_when_a_node_changes_them()
    {
        var gpus = new NodeGpus();
        Assert.Null(gpus.Current);
        var node = Node("a1", "NVIDIA-L4", "23034", ("nvidia.com/gpu", "1"));
        gpus.NodeChanged(new(ChangeKind.Added, null, node, IsInitial: true));
        var first = gpus.Current;

        gpus.NodeChanged(new(ChangeKind.Modified, node, Node("a1", "NVIDIA-L4", "23034", ("nvidia.com/gpu", "1")), IsInitial: false));
        Assert.Same(first, gpus.Current);

        gpus.NodeChanged(new(ChangeKind.Added, null, Node("a2", "NVIDIA-L4", "23034", ("nvidia.com/gpu", "1")), IsInitial: false));
        Assert.Equal(2, Assert.Single(gpus.Current!.All).Total);

        gpus.NodeChanged(new(ChangeKind.Deleted, node, node, IsInitial: false));
        Assert.Equal(1, Assert.Single(gpus.Current!.All).Total);
    }

    [Theory]
    [InlineData("nvidia.com/gpu", 8, null, null, null)]
    [InlineData("nvidia.com/gpu", 4, "Tesla-T4", 16L << 30, "no node offers nvidia.com/gpu with product Tesla-T4 with at least 16384 MiB of memory; the cluster offers")]
    [InlineData("nvidia.com/gpu", 1, "NVIDIA-L40S", null, "no node offers nvidia.com/gpu with product NVIDIA-L40S; the cluster offers")]
    [InlineData("nvidia.com/gpu", 8, "Tesla-T4", null, "no node offers 8 nvidia.com/gpu with product Tesla-T4, the most on one node is 4")]
    [InlineData("nvidia.com/gpu", 1, null, 80L << 30, null)]
    [InlineData("nvidia.com/gpu", 9, null, null, "no node offers 9 nvidia.com/gpu, the most on one node is 8")]
    [InlineData("nvidia.com/mig-1g.10gb", 1, null, null, "no node offers nvidia.com/mig-1g.10gb")]
    [InlineData("amd.com/gpu", 1, null, null, "no node offers amd.com/gpu")]
    public void What_no_node_offers_is_named(string name, int count, string? product, long? memory, string? expected)
    {
        var why = Offers.WhyNone(name, count, product is null ? null : [product], memory);

        if (expected is null)
        {
            Assert.Null(why);
        }
        else
        {
            Assert.StartsWith(expected, why, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void GPUs_that_no_node_offers_are_told_from_those_that_are_in_use()
    {
        const string unschedulable = """{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes are available: 3 Insufficient nvidia.com/gpu."}]}""";
        var model = Given.Model(spec: Given.Model().Spec with { Resources = new() { Gpus = 4 } });
        var observed = Given.Carried(model, new WorkerObservation(Given.Pod(model, unschedulable)));

        var none = Given.Condition(Given.StatusOf(observed with { Gpus = GpuOffers.Of([]) }), ConditionTypes.Ready);
        var taken = Given.Condition(Given.StatusOf(observed with { Gpus = Offers }), ConditionTypes.Ready);

        Assert.Equal((Reasons.GpuNotOffered, Reasons.GpuUnavailable), (none.Reason, taken.Reason));
        Assert.Contains("no node offers nvidia.com/gpu; no node of the cluster offers any GPU", none.Message, StringComparison.Ordinal);
        Assert.Contains("Correct spec.resources", none.Message, StringComparison.Ordinal);
        Assert.Contains("in use", taken.Message, StringComparison.Ordinal);
        Assert.Contains("Tesla-T4 as nvidia.com/gpu (15360 MiB, 4 on 1 node)", taken.Message, StringComparison.Ordinal);
    }

    private static V1Node Node(string name, string? product, string? memory, params (string Name, string Count)[] devices)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        if (product is not null)
        {
            labels[GpuOffers.ProductLabel] = product;
            labels[GpuOffers.MemoryLabel] = memory!;
        }

        var allocatable = devices.ToDictionary(d => d.Name, d => new ResourceQuantity(d.Count), StringComparer.Ordinal);
        allocatable["cpu"] = new("8");
        allocatable["memory"] = new("64Gi");
        return new() { Metadata = new() { Name = name, Labels = labels }, Status = new() { Allocatable = allocatable } };
    }
}
