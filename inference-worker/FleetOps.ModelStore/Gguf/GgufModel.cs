namespace FleetOps.ModelStore.Gguf;

/// <summary>
/// Checks what a well-formed header says about its model where llama.cpp would not refuse it but end the process: with an
/// assertion while it loads, or with a crash when it computes.
/// </summary>
public static class GgufModel
{
    private const ulong MaxLayers = 512;
    private const ulong MaxExperts = 1024;

    // Tables of numbers that are looked up, not multiplied.
    private const string LookupTable = "tid2eid";

    private static readonly string[] RopeScalings = ["none", "linear", "yarn", "longrope"];

    /// <summary>What is wrong with the model, with the key or tensor and its value; null when nothing is.</summary>
    public static string? Fault(GgufHeader header) =>
        Layers(header) ?? Experts(header) ?? Epsilons(header) ?? Scaling(header) ?? header.Tensors.Select(Fault).FirstOrDefault(static fault => fault is not null);

    private static string? Layers(GgufHeader header)
    {
        if (Number(header, "block_count") is not { } layers)
        {
            // Without the key llama.cpp says so itself.
            return null;
        }

        return layers is 0 or > MaxLayers
            ? $"{Key(header, "block_count")} is {layers}; a model has 1 to {MaxLayers} layers"
            : Number(header, "nextn_predict_layers") is { } extra && extra > layers
                ? $"{Key(header, "nextn_predict_layers")} is {extra}, more than its {layers} layers"
                : null;
    }

    private static string? Experts(GgufHeader header)
    {
        ulong experts = Number(header, "expert_count") ?? 0;
        ulong used = Value(header, "expert_used_count") is { } value ? value.Elements?.Max(static element => element.NonNegative) ?? value.NonNegative ?? 0 : 0;
        ulong groups = Number(header, "expert_group_count") ?? 0;
        ulong usedGroups = Number(header, "expert_group_used_count") ?? 0;
        return 0 switch
        {
            _ when experts > MaxExperts => $"{Key(header, "expert_count")} is {experts}; a model has at most {MaxExperts} experts",
            _ when used > experts || (experts > 0 && used == 0) => $"{Key(header, "expert_used_count")} is {used} of {experts} experts",
            _ when groups > 0 && groups >= experts => $"{Key(header, "expert_group_count")} is {groups} for {experts} experts",
            _ when groups > 1 && (experts % groups != 0 || usedGroups == 0 || usedGroups >= groups) =>
                $"{Key(header, "expert_group_used_count")} is {usedGroups} of {groups} groups of {experts} experts",
            _ => null,
        };
    }

    private static string? Epsilons(GgufHeader header)
    {
        foreach ((string key, GgufValue value) in header.Metadata)
        {
            if (key.EndsWith("_epsilon", StringComparison.Ordinal) && value.Number is { } epsilon && !(epsilon >= 0 && double.IsFinite(epsilon)))
            {
                return $"{key} is {value}; it must be 0 or more";
            }
        }

        return null;
    }

    private static string? Scaling(GgufHeader header) =>
        Value(header, "rope.scaling.type") is { Text: { } scaling } && !RopeScalings.Contains(scaling, StringComparer.Ordinal)
            ? $"{Key(header, "rope.scaling.type")} is '{scaling}'; it can be {string.Join(", ", RopeScalings)}"
            : null;

    private static string? Fault(GgufTensor tensor)
    {
        if (!(tensor.Name.EndsWith(".weight", StringComparison.Ordinal) || tensor.Name.EndsWith(".bias", StringComparison.Ordinal))
            || tensor.Name.Contains(LookupTable, StringComparison.Ordinal))
        {
            return null;
        }

        bool real = tensor.Type is GgufTensorType.F32 or GgufTensorType.F16 or GgufTensorType.BF16;
        return tensor.Type is GgufTensorType.I8 or GgufTensorType.I16 or GgufTensorType.I32 or GgufTensorType.I64 or GgufTensorType.F64 or GgufTensorType.Q8_1 or GgufTensorType.Q8_K
            ? $"the tensor {tensor.Name} is of type {tensor.Type}, with which nothing can be multiplied"
            : tensor.Dimensions.Count == 1 && !real
                ? $"the tensor {tensor.Name} has one dimension and is of type {tensor.Type}; it must not be quantized"
                : null;
    }

    private static string Key(GgufHeader header, string key) => $"{header.Architecture}.{key}";

    private static GgufValue? Value(GgufHeader header, string key) => header.Metadata.GetValueOrDefault(Key(header, key));

    private static ulong? Number(GgufHeader header, string key) => Value(header, key)?.NonNegative;
}
