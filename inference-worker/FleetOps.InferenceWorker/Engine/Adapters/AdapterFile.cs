using FleetOps.ModelStore;
using FleetOps.ModelStore.Gguf;

namespace FleetOps.InferenceWorker.Engine.Adapters;

/// <summary>Checks the header of an adapter's file before llama.cpp sees it, because an assertion there ends the process with all its requests.</summary>
internal static class AdapterFile
{
    private const string DownSuffix = ".lora_a";
    private const string UpSuffix = ".lora_b";
    private const string NormSuffix = "_norm.weight";
    private const string TokenEmbedding = "token_embd.weight";

    private static readonly GgufTensorType[] Types = [GgufTensorType.F32, GgufTensorType.F16, GgufTensorType.BF16, GgufTensorType.Q8_0];

    /// <summary>Checks that a file is a LoRA adapter whose matrices fit a model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The header of the model's file.</param>
    /// <exception cref="AdapterException">It is not, or it cannot be read.</exception>
    public static void Check(string path, GgufHeader model)
    {
        var header = Read(path);
        if (Fault(header, model) is { } fault)
        {
            throw new AdapterException(AdapterFault.Unfit, $"The adapter '{path}' does not fit: {fault}. Use a LoRA adapter that was trained for this model and converted to GGUF.");
        }
    }

    private static GgufHeader Read(string path)
    {
        try
        {
            return GgufHeader.Read(path);
        }
        catch (ModelSourceException exception)
        {
            throw new AdapterException(exception.Reason == ModelSourceReason.InvalidGguf ? AdapterFault.Unfit : AdapterFault.FileNotFound, $"The adapter '{path}' cannot be loaded. {exception.Message}", exception);
        }
        catch (IOException exception)
        {
            throw new AdapterException(AdapterFault.FileNotFound, $"The adapter '{path}' cannot be read: {exception.Message}", exception);
        }
    }

    private static string? Fault(GgufHeader header, GgufHeader model)
    {
        if (Text(header, "general.type") is not "adapter" || Text(header, "adapter.type") is not "lora")
        {
            return $"its header calls it '{Text(header, "general.type")}' of type '{Text(header, "adapter.type")}' instead of 'adapter' of type 'lora'";
        }

        if (header.Architecture != model.Architecture)
        {
            return $"it is for the architecture '{header.Architecture}', the model's is '{model.Architecture}'";
        }

        if (header.Metadata.TryGetValue("adapter.lora.alpha", out var alpha) && !(alpha is { Type: GgufValueType.Float32, Number: { } number } && double.IsFinite(number)))
        {
            return $"its adapter.lora.alpha is {alpha}, which is no 32-bit number";
        }

        return header.Metadata.ContainsKey("adapter.alora.invocation_tokens")
            ? "it is an activated adapter (adapter.alora.invocation_tokens), which this worker does not serve"
            : Unpaired(header) ?? Misshaped(header, model);
    }

    private static string? Unpaired(GgufHeader header)
    {
        var names = header.Tensors.Select(static tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var name in names)
        {
            var partner = Base(name, DownSuffix) is { } down ? down + UpSuffix : Base(name, UpSuffix) is { } up ? up + DownSuffix : null;
            if (partner is null ? !name.EndsWith(NormSuffix, StringComparison.Ordinal) : !names.Contains(partner))
            {
                return partner is null ? $"its tensor {name} is no part of a LoRA adapter" : $"its tensor {name} lacks {partner}";
            }
        }

        return names.Any(static name => name.EndsWith(DownSuffix, StringComparison.Ordinal)) ? null : "it holds no matrices";
    }

    private static string? Misshaped(GgufHeader header, GgufHeader model)
    {
        var adapter = header.Tensors.ToDictionary(static tensor => tensor.Name, StringComparer.Ordinal);
        var weights = model.Tensors.ToDictionary(static tensor => tensor.Name, StringComparer.Ordinal);
        foreach (var down in header.Tensors)
        {
            if (Base(down.Name, DownSuffix) is not { } name)
            {
                continue;
            }

            var up = adapter[name + UpSuffix];
            if (Array.IndexOf(Types, down.Type) < 0 || Array.IndexOf(Types, up.Type) < 0)
            {
                return $"its matrices for {name} are {down.Type} and {up.Type}; {string.Join(", ", Types)} can be used";
            }

            if (!weights.TryGetValue(name, out var weight))
            {
                return $"the model has no {name}";
            }

            if (!Fits(weight, down, up))
            {
                return $"its matrices for {name} are {Shape(down)} and {Shape(up)}, which do not make up the model's {Shape(weight)}";
            }
        }

        return null;
    }

    private static bool Fits(GgufTensor weight, GgufTensor down, GgufTensor up)
    {
        // The rows of token embeddings are picked, not multiplied, so their adapter lies the other way round.
        var fits = weight.Name.EndsWith(TokenEmbedding, StringComparison.Ordinal)
            ? (Extent(up, 1), Extent(down, 1), Extent(down, 0)) == (Extent(weight, 0), Extent(weight, 1), Extent(up, 0))
            : (Extent(down, 0), Extent(up, 1), Extent(down, 1)) == (Extent(weight, 0), Extent(weight, 1), Extent(up, 0));
        return fits && Enumerable.Range(2, 2).All(i => Extent(down, i) == Extent(weight, i) && Extent(up, i) == Extent(weight, i));
    }

    private static long Extent(GgufTensor tensor, int dimension) => dimension < tensor.Dimensions.Count ? tensor.Dimensions[dimension] : 1;

    private static string Shape(GgufTensor tensor) => string.Join(" × ", tensor.Dimensions);

    private static string? Base(string name, string suffix) => name.EndsWith(suffix, StringComparison.Ordinal) ? name[..^suffix.Length] : null;

    private static string? Text(GgufHeader header, string key) => header.Metadata.TryGetValue(key, out var value) ? value.Text : null;
}
