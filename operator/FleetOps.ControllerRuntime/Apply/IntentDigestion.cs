using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>
/// Digests what an intent states in one pass over its JSON. Each field counts by its path and value, added up, so that the order of
/// labels or of a model's properties, which means nothing and may differ between releases, makes no difference. The digests are kept in
/// annotations of every child: a change here writes every child of every installation once.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal ref struct IntentDigestion
{
    private const int Deepest = 64;
    private const ulong FirstSeed = 0x9E3779B97F4A7C15;
    private const ulong SecondSeed = 0xC2B2AE3D27D4EB4F;

    private ulong _first;
    private ulong _second;
    private ulong _fields;

    /// <param name="apiVersion">The intent's <c>apiVersion</c>.</param>
    /// <param name="kind">The intent's <c>kind</c>.</param>
    /// <param name="utf8">The object as JSON; its status, its <c>apiVersion</c> and <c>kind</c> and what the server sets do not count.</param>
    public static IntentDigest Of(string apiVersion, string kind, ReadOnlySpan<byte> utf8)
    {
        var digestion = default(IntentDigestion);
        digestion.Count(FirstSeed, JsonTokenType.String, Encoding.UTF8.GetBytes($"{apiVersion} {kind}"));
        digestion.Read(utf8);
        return new IntentDigest(new UInt128(digestion._first, digestion._second), digestion._fields);
    }

    private void Read(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = Deepest });
        Span<ulong> paths = stackalloc ulong[Deepest + 1];
        Span<int> items = stackalloc int[Deepest + 1];
        paths[0] = FirstSeed;
        items.Fill(-1);
        var inMetadata = false;
        while (reader.Read())
        {
            // The depth of the container that a token stands in.
            var depth = reader.CurrentDepth;
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    if (IsLeftOut(ref reader, depth, ref inMetadata))
                    {
                        reader.Skip();
                    }
                    else
                    {
                        paths[depth] = Hash(paths[depth - 1], NameOf(ref reader));
                    }

                    break;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    var path = PathOf(paths, items, depth);
                    Count(path, reader.TokenType, []);
                    paths[depth] = path;
                    items[depth + 1] = reader.TokenType == JsonTokenType.StartArray ? 0 : -1;
                    paths[depth + 1] = path;
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray or JsonTokenType.Null:
                    break;
                default:
                    var isItem = items[depth] >= 0;
                    var value = PathOf(paths, items, depth);
                    // A list of plain values is one field, however long.
                    Count(value, reader.TokenType, reader.ValueSpan, countsAsField: !isItem);
                    break;
            }
        }
    }

    private static ulong PathOf(Span<ulong> paths, Span<int> items, int depth)
    {
        if (items[depth] < 0)
        {
            return paths[depth];
        }

        // The container's own path lies one level above the items.
        return Mix(paths[depth - 1] + FirstSeed, (ulong)++items[depth]);
    }

    private static bool IsLeftOut(ref Utf8JsonReader reader, int depth, ref bool inMetadata)
    {
        if (depth == 1)
        {
            inMetadata = reader.ValueTextEquals("metadata"u8);
            return reader.ValueTextEquals("status"u8) || reader.ValueTextEquals("apiVersion"u8) || reader.ValueTextEquals("kind"u8);
        }

        return depth == 2 && inMetadata && ApplyIntent.IsServerSet(ref reader);
    }

    private static ReadOnlySpan<byte> NameOf(ref Utf8JsonReader reader) =>
        reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan;

    private void Count(ulong path, JsonTokenType type, ReadOnlySpan<byte> value, bool countsAsField = true)
    {
        _first = unchecked(_first + Hash(Mix(path, (ulong)type), value));
        _second = unchecked(_second + Hash(Mix(path ^ SecondSeed, (ulong)type), value));
        if (countsAsField)
        {
            _fields = unchecked(_fields + path);
        }
    }

    private static ulong Hash(ulong seed, ReadOnlySpan<byte> bytes)
    {
        var hash = Mix(seed, (ulong)bytes.Length);
        while (bytes.Length >= sizeof(ulong))
        {
            hash = Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        var rest = 0UL;
        foreach (var part in bytes)
        {
            rest = (rest << 8) | part;
        }

        return Mix(hash, rest);
    }

    // The finalizer of MurmurHash3 (https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp).
    private static ulong Mix(ulong hash, ulong value)
    {
        unchecked
        {
            hash = (hash ^ value) + FirstSeed;
            hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCD;
            hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53;
            return hash ^ (hash >> 33);
        }
    }
}
