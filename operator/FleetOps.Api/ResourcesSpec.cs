using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>What each worker asks the cluster for. Requests and limits are the same, so that a worker is not evicted for a neighbour's sake.</summary>
[CelRule("self.gpus > 0 || !has(self.minGpuMemory) && (!has(self.gpuProducts) || size(self.gpuProducts) == 0)", SpecMessages.GpuSelectionNeedsGpu)]
[SchemaRule("""{"anyOf":[{"properties":{"gpus":{"minimum":1}}},{"not":{"required":["minGpuMemory"]},"properties":{"gpuProducts":{"maxItems":0}}}]}""")]
public sealed record ResourcesSpec
{
    /// <summary>GPUs for each worker; 0 serves on the CPU.</summary>
    [Range(0, 64)]
    [DefaultValue(0)]
    public int Gpus { get; set; }

    /// <summary>The name under which the nodes offer their GPUs, such as nvidia.com/gpu or nvidia.com/mig-1g.10gb.</summary>
    [StringLength(253, MinimumLength = 3)]
    [RegularExpression(Patterns.ExtendedResource)]
    [DefaultValue("nvidia.com/gpu")]
    [CelRule("self.matches(r'" + Patterns.ExtendedResource + "')", SpecMessages.GpuResourceName)]
    public string GpuResourceName { get; set; } = "nvidia.com/gpu";

    /// <summary>
    /// GPUs that will do, by the node label nvidia.com/gpu.product, such as NVIDIA-L40S or NVIDIA-H100-80GB-HBM3; any when left out. NVIDIA's
    /// GPU feature discovery sets the label: kubectl get nodes -L nvidia.com/gpu.product.
    /// </summary>
    [ListBounds(32, MaxItemLength = 63, ItemPattern = Patterns.LabelValue)]
    public IReadOnlyList<string>? GpuProducts { get; init; }

    /// <summary>
    /// Memory that each GPU must have at least, by the node label nvidia.com/gpu.memory, such as 40Gi. Cards have a little less than their
    /// name says: ask for 22Gi to get those of 24 GB.
    /// </summary>
    [IntOrString]
    [StringLength(16, MinimumLength = 1)]
    [Range(1, 999_999_999_999_999)]
    [RegularExpression(Patterns.Memory)]
    [JsonConverter(typeof(QuantityText))]
    [CelRule("type(self) == int || self.matches('^[0-9.]+([KMGT]i|[kMGT])?$')", SpecMessages.MinGpuMemory)]
    public string? MinGpuMemory { get; init; }

    /// <summary>CPU cores for each worker, such as 4, 0.5 or 1500m.</summary>
    [IntOrString]
    [StringLength(16, MinimumLength = 1)]
    [Range(1, 9999)]
    [RegularExpression(Patterns.Cpu)]
    [DefaultValue("1")]
    [JsonConverter(typeof(QuantityText))]
    [CelRule("type(self) == int || self.matches('^[0-9.]+m?$')", SpecMessages.Cpu)]
    public string Cpu { get; set; } = "1";

    /// <summary>Memory for each worker, such as 16Gi. On the CPU it holds the weights and the attention cache.</summary>
    [IntOrString]
    [StringLength(16, MinimumLength = 1)]
    [Range(1, 999_999_999_999_999)]
    [RegularExpression(Patterns.Memory)]
    [DefaultValue("2Gi")]
    [JsonConverter(typeof(QuantityText))]
    [CelRule("type(self) == int || self.matches('^[0-9.]+([KMGT]i|[kMGT])?$')", SpecMessages.Memory)]
    public string Memory { get; set; } = "2Gi";

    /// <summary>RuntimeClass of the worker pods, where the cluster needs one for its GPUs, such as nvidia.</summary>
    [StringLength(253, MinimumLength = 1)]
    [RegularExpression(Patterns.Subdomain)]
    public string? RuntimeClassName { get; set; }
}
