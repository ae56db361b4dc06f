using System.Text.Json;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Contexts;

/// <summary>
/// The state of running sequences: their tokens in the key-value cache, and the outputs of the last decode.
/// <para>
/// A context belongs to one thread at a time. Give it an owner thread that makes all calls; a second thread that comes in
/// meanwhile gets an <see cref="InvalidOperationException"/>. Only the cancellation of a decode comes from other threads.
/// </para>
/// <para>
/// llama.cpp ends the process on many wrong arguments. They are checked here first and are an <see cref="ArgumentException"/>.
/// </para>
/// </summary>
public sealed unsafe class LlamaContext : IDisposable
{
    private readonly ContextHandle _handle;
    private readonly LlamaVocabulary _vocabulary;
    private readonly SingleUser _user = new();
    private readonly bool[] _outputs;
    private readonly List<(LlamaLogLevel, string)> _log = [];
    private int _outputsSet;
    private readonly bool _unified;
    private readonly int _positions;
    private AdapterHandle? _adapter;
    private bool _adapterChanged;

    /// <summary>Makes a context for a model, and takes the memory for it.</summary>
    /// <param name="model">The model, which the context keeps alive.</param>
    /// <param name="parameters">Its shape.</param>
    /// <exception cref="ArgumentException">A parameter is out of its range.</exception>
    /// <exception cref="LlamaException">llama.cpp refuses the parameters for this model, or memory is short.</exception>
    public LlamaContext(LlamaModel model, ContextParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(parameters);
        parameters.Validate(model.Backend);
        if (parameters.Rope is not null && !model.HasRotaryPositions)
        {
            throw new ArgumentException($"Rope of the context changes rotary positions, and the architecture {model.Architecture} has none; leave it out.", nameof(parameters));
        }

        Model = model;
        _vocabulary = model.Vocabulary;
        _unified = parameters.UnifiedCache;
        MaxSequences = parameters.MaxSequences;
        _handle = ContextFactory.Create(model, parameters);
        ContextLength = (int)LlamaNative.llama_n_ctx_seq(_handle.Pointer);
        CacheTokens = (int)LlamaNative.llama_n_ctx(_handle.Pointer);
        // Tokens that all see one another are computed in one piece, and llama.cpp ends the process when they do not fit into it.
        BatchSize = (int)(model.IsCausal ? LlamaNative.llama_n_batch(_handle.Pointer) : LlamaNative.llama_n_ubatch(_handle.Pointer));
        Pooling = parameters.Embeddings ? (PoolingType)LlamaNative.llama_pooling_type(_handle.Pointer) : null;
        _positions = model.HasRotaryPositions && Memory != 0 ? int.MaxValue : model.TrainedContextLength;
        _outputs = new bool[BatchSize];
    }

    /// <summary>The model that it runs.</summary>
    public LlamaModel Model { get; }

    /// <summary>Tokens that one sequence can hold. With a unified cache that is the whole cache.</summary>
    public int ContextLength { get; }

    /// <summary>Tokens that all sequences together can hold.</summary>
    public int CacheTokens { get; }

    /// <summary>The most tokens of one decode.</summary>
    public int BatchSize { get; }

    /// <summary>Sequences that are kept at once; ids are 0 to one less.</summary>
    public int MaxSequences { get; }

    /// <summary>How embeddings are pooled; null when it puts out logits.</summary>
    public PoolingType? Pooling { get; }

    /// <summary>Computes a batch.</summary>
    /// <param name="batch">1 to <see cref="BatchSize"/> tokens.</param>
    /// <param name="cancellationToken">Stops the decode within milliseconds on the CPU. On a GPU it is looked at between parts of a batch only, so keep batches small there.</param>
    /// <exception cref="ArgumentException">The batch is empty or too large, or names a token or sequence that does not exist.</exception>
    /// <exception cref="LlamaException">The positions of a sequence are not consecutive (<see cref="LlamaFault.BatchRejected"/>), or the engine failed.</exception>
    public DecodeStatus Decode(LlamaBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var visit = _user.Enter();
        // The abort flag, which is written below, goes with the context.
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        var native = batch.Native;
        Check(native);
        _outputs.AsSpan(0, _outputsSet).Clear();
        _outputsSet = 0;

        var flag = (nint)_handle.AbortFlag;
        Volatile.Write(ref *(int*)flag, 0);
        using var registration = cancellationToken.UnsafeRegister(static state => Volatile.Write(ref *(int*)(nint)state!, 1), flag);
        if (cancellationToken.IsCancellationRequested)
        {
            return DecodeStatus.Aborted;
        }

        // A decode may take less than a millisecond, so it makes no garbage.
        _log.Clear();
        string error;
        int status;
        using (LlamaLog.Capture(_log))
        {
            status = DecodeGuarded(native, out error);
        }

        GC.KeepAlive(batch);
        switch (status)
        {
            case 0:
                _outputsSet = native.NTokens;
                for (var i = 0; i < native.NTokens; i++)
                {
                    _outputs[i] = native.Logits[i] != 0 || Pooling is not null;
                }

                return DecodeStatus.Success;
            case 1:
                return DecodeStatus.CacheFull;
            case 2:
                return DecodeStatus.Aborted;
            case -1:
                throw new LlamaException(LlamaFault.BatchRejected, $"llama.cpp refuses the batch of {native.NTokens} tokens: {LlamaLog.Summary(_log)}");
            default:
                throw new LlamaException(LlamaFault.DecodeFailed, $"The decode of {native.NTokens} tokens failed with {status}: {(error.Length > 0 ? error : LlamaLog.Summary(_log))}");
        }
    }

    /// <summary>
    /// Applies an adapter, instead of the one before, from the next decode on. What is in the cache stays as it was computed: remove the sequences
    /// that shall be computed with this adapter. The first decode afterwards plans its graphs anew, so decode much before the next change.
    /// </summary>
    /// <param name="adapter">One that was loaded for this model; null for the model alone.</param>
    /// <param name="scale">How strongly it applies: 1 as it was trained.</param>
    public void SetAdapter(LlamaAdapter? adapter, float scale = 1)
    {
        using var visit = _user.Enter();
        if (!float.IsFinite(scale))
        {
            throw new ArgumentOutOfRangeException(nameof(scale), scale, $"The scale of an adapter is {scale}; it must be a finite number.");
        }

        if (adapter is not null && !ReferenceEquals(adapter.Model, Model.Handle))
        {
            throw new ArgumentException("The adapter was loaded for another model than that of the context.", nameof(adapter));
        }

        var next = adapter?.Handle;
        var added = false;
        next?.DangerousAddRef(ref added);
        var pointer = next?.Pointer ?? 0;
        _ = LlamaNative.llama_set_adapters_lora(_handle.Pointer, &pointer, next is null ? 0u : 1u, &scale);
        _adapter?.DangerousRelease();
        _adapter = next;
        _adapterChanged = true;
    }

    /// <summary>The logits of one token of the last decode, one for each token of the vocabulary. The memory is llama.cpp's: read it before the next decode.</summary>
    /// <param name="index">The token's index in the batch; its output was asked for.</param>
    public ReadOnlySpan<float> GetLogits(int index)
    {
        using var visit = _user.Enter();
        CheckOutput(index);
        var logits = LlamaNative.llama_get_logits_ith(_handle.Pointer, index);
        return logits == null
            ? throw new LlamaException(LlamaFault.DecodeFailed, $"The context holds no logits at index {index}.")
            : new ReadOnlySpan<float>(logits, _vocabulary.Count);
    }

    /// <summary>The embedding of one token of the last decode. The memory is llama.cpp's: read it before the next decode.</summary>
    /// <param name="index">The token's index in the batch.</param>
    /// <exception cref="InvalidOperationException">The context puts out no embeddings, or pools them.</exception>
    public ReadOnlySpan<float> GetTokenEmbedding(int index)
    {
        using var visit = _user.Enter();
        CheckPooling(Pooling is PoolingType.None, "of single tokens");
        CheckOutput(index);
        return Output(LlamaNative.llama_get_embeddings_ith(_handle.Pointer, index), Model.EmbeddingOutputLength, $"at index {index}");
    }

    /// <summary>
    /// The pooled embedding of one sequence of the last decode; with <see cref="PoolingType.Rank"/> its scores, <see cref="LlamaModel.ClassCount"/> of them.
    /// The memory is llama.cpp's: read it before the next decode.
    /// </summary>
    /// <param name="sequence">The sequence, which was in the batch.</param>
    /// <exception cref="InvalidOperationException">The context puts out no embeddings, or does not pool them.</exception>
    public ReadOnlySpan<float> GetSequenceEmbedding(int sequence)
    {
        using var visit = _user.Enter();
        CheckPooling(Pooling is not null and not PoolingType.None, "of sequences");
        CheckSequence(sequence);
        return Output(LlamaNative.llama_get_embeddings_seq(_handle.Pointer, sequence), Pooling == PoolingType.Rank ? Model.ClassCount : Model.EmbeddingOutputLength, $"of sequence {sequence}");
    }

    /// <summary>Removes tokens of a sequence from the cache, from a position to before another; -1 stands for either end. False when the cache cannot remove a part (recurrent models).</summary>
    /// <param name="sequence">The sequence, or -1 for all of them.</param>
    /// <param name="from">First position to remove; -1 is the first.</param>
    /// <param name="to">First position to keep; -1 keeps none.</param>
    public bool MemorySequenceRemove(int sequence, int from = -1, int to = -1)
    {
        using var visit = _user.Enter();
        if (sequence != -1)
        {
            CheckSequence(sequence);
        }

        return LlamaNative.llama_memory_seq_rm(Memory, sequence, from, to) != 0;
    }

    /// <summary>Gives tokens of one sequence to another too. In a unified cache nothing is copied; else the whole sequence is, at the next decode, and a part cannot be.</summary>
    /// <param name="source">The sequence that has the tokens.</param>
    /// <param name="destination">The sequence that gets them.</param>
    /// <param name="from">First position; -1 is the first.</param>
    /// <param name="to">First position that is left out; -1 leaves none out.</param>
    public void MemorySequenceCopy(int source, int destination, int from = -1, int to = -1)
    {
        using var visit = _user.Enter();
        CheckSequence(source);
        CheckSequence(destination);
        if (!_unified && (from > 0 || to >= 0))
        {
            throw new ArgumentException($"Without a unified cache only a whole sequence can be copied, not its positions {from} to {to}. Copy all of it and remove the rest, or use a unified cache.", nameof(from));
        }

        LlamaNative.llama_memory_seq_cp(Memory, source, destination, from, to);
    }

    /// <summary>The last position of a sequence that is in the cache; -1 when it is empty.</summary>
    public int MemorySequenceMaxPosition(int sequence)
    {
        using var visit = _user.Enter();
        CheckSequence(sequence);
        return LlamaNative.llama_memory_seq_pos_max(Memory, sequence);
    }

    /// <summary>The first position of a sequence that is in the cache; -1 when it is empty. It is above 0 for models that attend to a sliding window.</summary>
    public int MemorySequenceMinPosition(int sequence)
    {
        using var visit = _user.Enter();
        CheckSequence(sequence);
        return LlamaNative.llama_memory_seq_pos_min(Memory, sequence);
    }

    /// <summary>Removes all sequences.</summary>
    public void MemoryClear()
    {
        using var visit = _user.Enter();
        LlamaNative.llama_memory_clear(Memory, data: 0);
    }

    /// <summary>Changes the number of threads of the CPU backend.</summary>
    /// <param name="threads">While tokens are generated, 1 or more.</param>
    /// <param name="batchThreads">For batches of more than one token, 1 or more.</param>
    public void SetThreads(int threads, int batchThreads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchThreads);
        using var visit = _user.Enter();
        LlamaNative.llama_set_n_threads(_handle.Pointer, threads, batchThreads);
    }

    /// <summary>The memory that the model and this context take, for each kind of buffer.</summary>
    public IReadOnlyList<BufferMemory> ReadMemory()
    {
        using var visit = _user.Enter();
        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        var text = ShimNative.fleetops_memory_breakdown(_handle.Pointer, error, ShimText.ErrorSize);
        if (text == 0)
        {
            throw new LlamaException(LlamaFault.DecodeFailed, $"The memory of the context cannot be read: {ShimText.Error(error)}");
        }

        using var json = JsonDocument.Parse(ShimText.Owned(text));
        return [.. json.RootElement.EnumerateArray().Select(static buffer => new BufferMemory(
            buffer.GetProperty("name").GetString() ?? "", buffer.GetProperty("host").GetBoolean(),
            buffer.GetProperty("model").GetInt64(), buffer.GetProperty("context").GetInt64(), buffer.GetProperty("compute").GetInt64()))];
    }

    /// <inheritdoc />
    public void Dispose()
    {
        // Freed while a decode runs, the context would be pulled away under it.
        using var visit = _user.Enter();
        _handle.Dispose();
        _adapter?.DangerousRelease();
        _adapter = null;
    }

    /// <summary>Chooses a token from an output; <see cref="Sampling.LlamaSampler"/> makes it public.</summary>
    internal int Sample(SamplerHandle sampler, int index, byte* error)
    {
        using var visit = _user.Enter();
        CheckOutput(index);
        return ShimNative.fleetops_sampler_sample(sampler.Pointer, _handle.Pointer, index, error, ShimText.ErrorSize);
    }

    private nint Memory => LlamaNative.llama_get_memory(_handle.Pointer);

    // After a change of the adapter llama.cpp reads the model's list of adapters, which a load on another thread may be changing.
    private int DecodeGuarded(LlamaBatchNative batch, out string error)
    {
        if (!_adapterChanged)
        {
            return Decode(batch, out error);
        }

        lock (Model.Handle.AdapterGate)
        {
            _adapterChanged = false;
            return Decode(batch, out error);
        }
    }

    private int Decode(LlamaBatchNative batch, out string error)
    {
        var message = stackalloc byte[ShimText.ErrorSize];
        message[0] = 0;
        var status = ShimNative.fleetops_decode(_handle.Pointer, &batch, message, ShimText.ErrorSize);
        error = ShimText.Error(message);
        return status;
    }

    private void Check(LlamaBatchNative batch)
    {
        if (batch.NTokens == 0 || batch.NTokens > BatchSize)
        {
            throw new ArgumentException($"A batch of this context has 1 to {BatchSize} tokens, not {batch.NTokens}.", nameof(batch));
        }

        for (var i = 0; i < batch.NTokens; i++)
        {
            _vocabulary.CheckToken(batch.Token[i]);
            if (batch.Pos[i] >= _positions)
            {
                throw new ArgumentException($"Token {i} of the batch is at position {batch.Pos[i]}; the model knows {_positions} positions.", nameof(batch));
            }

            if (batch.NSeqId[i] > 1 && !_unified)
            {
                throw new ArgumentException($"Token {i} of the batch belongs to {batch.NSeqId[i]} sequences, which only a unified cache allows.", nameof(batch));
            }

            for (var s = 0; s < batch.NSeqId[i]; s++)
            {
                // A unified cache would accept ids up to 255 silently.
                CheckSequence(batch.SeqId[i][s]);
            }
        }
    }

    private void CheckPooling(bool fits, string what)
    {
        if (!fits)
        {
            throw new InvalidOperationException($"The context {(Pooling is null ? "puts out logits" : $"pools embeddings by {Pooling}")}, so there are no embeddings {what}.");
        }
    }

    private static ReadOnlySpan<float> Output(float* values, int length, string where) => values == null
        ? throw new LlamaException(LlamaFault.DecodeFailed, $"The context holds no embedding {where}.")
        : new ReadOnlySpan<float>(values, length);

    private void CheckSequence(int sequence)
    {
        if ((uint)sequence >= (uint)MaxSequences)
        {
            throw new ArgumentOutOfRangeException(nameof(sequence), sequence, $"Sequence {sequence} does not exist; those of this context are 0 to {MaxSequences - 1}.");
        }
    }

    private void CheckOutput(int index)
    {
        if ((uint)index >= (uint)_outputs.Length || !_outputs[index])
        {
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The last decode has no output at index {index}; ask for it when the token is added to the batch.");
        }
    }
}
