using System.Collections.ObjectModel;

namespace FleetOps.ModelStore.Gguf;

/// <summary>
/// The checked header of a GGUF file: every length lies inside the file, every tensor's data is there. Read before llama.cpp sees the file, because an
/// assertion there ends the process. Immutable; its memory is bounded whatever the file says.
/// </summary>
public sealed class GgufHeader
{
    private const string SplitNumberKey = "split.no";

    internal GgufHeader(uint version, uint alignment, long dataOffset, long fileLength, Dictionary<string, GgufValue> metadata, List<GgufTensor> tensors)
    {
        Version = (int)version;
        Alignment = (int)alignment;
        DataOffset = dataOffset;
        FileLength = fileLength;
        Metadata = new ReadOnlyDictionary<string, GgufValue>(metadata);
        Tensors = tensors.AsReadOnly();
        ParameterCount = tensors.Sum(tensor => tensor.ElementCount);
    }

    /// <summary>Version of the format: 2 or 3.</summary>
    public int Version { get; }

    /// <summary>Alignment of tensor data in bytes, a power of two.</summary>
    public int Alignment { get; }

    /// <summary>Where tensor data begins, in bytes from the start of the file.</summary>
    public long DataOffset { get; }

    /// <summary>Size of the whole file in bytes.</summary>
    public long FileLength { get; }

    /// <summary>The metadata by key.</summary>
    public IReadOnlyDictionary<string, GgufValue> Metadata { get; }

    /// <summary>The tensors in the order of the file.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Number of elements of all tensors.</summary>
    public long ParameterCount { get; }

    /// <summary>The architecture (<c>llama</c>, <c>qwen3</c>, …); null when the file names none.</summary>
    public string? Architecture => Text("general.architecture");

    /// <summary>Name of the model; null when the file names none.</summary>
    public string? Name => Text("general.name");

    /// <summary>Licence of the model, as the file names it; null when it does not.</summary>
    public string? License => Text("general.license") ?? Text("general.license.name");

    /// <summary>Address of the text of the licence; null when the file does not say.</summary>
    public string? LicenseLink => Text("general.license.link") is { } link && Uri.TryCreate(link, UriKind.Absolute, out Uri? address) && address.Scheme is "https" or "http" ? link : null;

    /// <summary>Tokens the model was trained to attend to; null when the file does not say.</summary>
    public long? ContextLength => OfArchitecture("context_length");

    /// <summary>Width of the embeddings; null when the file does not say.</summary>
    public long? EmbeddingLength => OfArchitecture("embedding_length");

    /// <summary>Number of transformer blocks; null when the file does not say.</summary>
    public long? BlockCount => OfArchitecture("block_count");

    /// <summary>Kind of tokenizer (<c>llama</c>, <c>gpt2</c>, …); null when the file has none.</summary>
    public string? Tokenizer => Text("tokenizer.ggml.model");

    /// <summary>Number of tokens in the vocabulary; null when the file has none.</summary>
    public long? VocabularySize => Metadata.TryGetValue("tokenizer.ggml.tokens", out GgufValue? tokens) && tokens.Type == GgufValueType.Array ? tokens.Count : null;

    /// <summary>The default chat template (Jinja); null when the file has none.</summary>
    public string? ChatTemplate => Text("tokenizer.chat_template");

    /// <summary>Number of files the model is split into; 1 when it is whole.</summary>
    public int SplitCount => (int)Math.Clamp(Unsigned("split.count") ?? 1, 1, ushort.MaxValue);

    /// <summary>Which of the files of a split model it is, from 0; null when it is whole or does not say.</summary>
    public int? SplitNumber => Metadata.TryGetValue(SplitNumberKey, out GgufValue? value) && value is { Type: GgufValueType.UInt16, NonNegative: { } number } ? (int)number : null;

    /// <summary>Name of the quantization: the recipe that the file names, else the type that most of the bytes have; null without tensors.</summary>
    public string? Quantization =>
        Unsigned("general.file_type") is { } fileType && GgufFileType.Name(fileType) is { } name ? name : DominantType();

    /// <summary>
    /// The header of a split model: the metadata of its first file, where all of it is, and the tensors of all files, whose offsets stay those in their own file.
    /// </summary>
    /// <param name="files">The headers of its files in their order; at least one.</param>
    internal static GgufHeader Join(IReadOnlyList<GgufHeader> files) => files.Count == 1
        ? files[0]
        : new GgufHeader(
            (uint)files[0].Version,
            (uint)files[0].Alignment,
            files[0].DataOffset,
            files.Sum(static file => file.FileLength),
            new Dictionary<string, GgufValue>(files[0].Metadata, StringComparer.Ordinal),
            [.. files.SelectMany(static file => file.Tensors)]);

    /// <summary>Reads and checks the header of a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="GgufFormatException">The header is damaged, truncated or of an unsupported kind.</exception>
    /// <exception cref="ModelSourceException">The file is missing (SourceNotFound) or may not be read (SourceUnauthorized).</exception>
    public static GgufHeader Read(string path)
    {
        try
        {
            // The cursor has a buffer of its own.
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            return Read(stream, stream.Length);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelSourceException(ModelSourceReason.SourceNotFound, $"The file {path} does not exist; check the path.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ModelSourceException(ModelSourceReason.SourceUnauthorized, $"The file {path} is a folder or may not be read by this user; check its kind and its permissions.", e);
        }
    }

    /// <summary>Reads and checks the header at the start of a stream. The stream is read from where it stands and left open.</summary>
    /// <param name="stream">The stream; it need not be able to seek.</param>
    /// <param name="fileLength">Size of the whole file in bytes, which may be more than the stream holds: tensor data is not read.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative or above 2^60.</exception>
    /// <exception cref="GgufFormatException">The header is damaged, truncated or of an unsupported kind.</exception>
    public static GgufHeader Read(Stream stream, long fileLength)
    {
        // Leaves room for sums of a length and an alignment.
        ArgumentOutOfRangeException.ThrowIfNegative(fileLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fileLength, 1L << 60);
        return new GgufParser(new GgufCursor(stream, fileLength)).Parse();
    }

    private string? Text(string key) => Metadata.TryGetValue(key, out GgufValue? value) ? value.Text : null;

    private ulong? Unsigned(string key) => Metadata.TryGetValue(key, out GgufValue? value) ? value.NonNegative : null;

    private long? OfArchitecture(string key) =>
        Architecture is { } architecture && Unsigned($"{architecture}.{key}") is { } number and <= long.MaxValue ? (long)number : null;

    private string? DominantType() => Tensors
        .GroupBy(tensor => tensor.Type)
        .OrderByDescending(group => group.Sum(tensor => tensor.SizeBytes))
        .ThenBy(group => group.Key)
        .FirstOrDefault()?.Key.ToString();
}
