using System.Collections.ObjectModel;
using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Models;

/// <summary>Reads a model's metadata as text.</summary>
internal static unsafe class ModelMetadata
{
    private const int KeySize = 512;
    private const int FirstValueSize = 1024;

    public static ReadOnlyDictionary<string, string> Read(nint model)
    {
        var count = LlamaNative.llama_model_meta_count(model);
        var metadata = new Dictionary<string, string>(count, StringComparer.Ordinal);
        var key = stackalloc byte[KeySize];
        for (var i = 0; i < count; i++)
        {
            if (LlamaNative.llama_model_meta_key_by_index(model, i, key, KeySize) >= 0)
            {
                metadata[ShimText.Borrowed((nint)key)] = ReadValue(model, i);
            }
        }

        return metadata.AsReadOnly();
    }

    private static string ReadValue(nint model, int index)
    {
        var buffer = new byte[FirstValueSize];
        while (true)
        {
            fixed (byte* start = buffer)
            {
                var length = LlamaNative.llama_model_meta_val_str_by_index(model, index, start, (nuint)buffer.Length);
                if (length < buffer.Length)
                {
                    return length <= 0 ? "" : ShimText.Borrowed((nint)start);
                }

                buffer = new byte[length + 1];
            }
        }
    }
}
