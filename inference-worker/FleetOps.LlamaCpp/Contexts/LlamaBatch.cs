using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Contexts;

/// <summary>
/// The tokens of one decode: each with its position, the sequences that it belongs to, and whether its output is wanted.
/// Made once and refilled for each decode. For one thread at a time.
/// </summary>
public sealed unsafe class LlamaBatch : IDisposable
{
    private readonly int _sequencesPerToken;
    private readonly NativeBuffer _memory;
    private LlamaBatchNative _native;

    /// <summary>Makes an empty batch.</summary>
    /// <param name="capacity">The most tokens that it holds; no more than <see cref="LlamaContext.BatchSize"/> is of use.</param>
    /// <param name="sequencesPerToken">The most sequences that a token can belong to.</param>
    public LlamaBatch(int capacity, int sequencesPerToken = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sequencesPerToken);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sequencesPerToken, ContextParameters.SequenceLimit);
        Capacity = capacity;
        _sequencesPerToken = sequencesPerToken;

        // One block: pointers to the sequence ids, then the arrays of ints, then the output flags.
        var pointers = checked((capacity + 1) * sizeof(int*));
        var ints = checked(capacity * sizeof(int));
        _memory = new NativeBuffer((nuint)pointers + ((nuint)ints * (nuint)(3 + sequencesPerToken)) + (nuint)capacity);
        _native.SeqId = (int**)_memory.Start;
        _native.Token = (int*)(_memory.Start + pointers);
        _native.Pos = _native.Token + capacity;
        _native.NSeqId = _native.Pos + capacity;
        var sequences = _native.NSeqId + capacity;
        for (var i = 0; i < capacity; i++)
        {
            _native.SeqId[i] = sequences + ((nint)i * sequencesPerToken);
        }

        _native.Logits = (sbyte*)(sequences + ((nint)capacity * sequencesPerToken));
    }

    /// <summary>The most tokens that it holds.</summary>
    public int Capacity { get; }

    /// <summary>Tokens that it holds now.</summary>
    public int Count => _native.NTokens;

    /// <summary>Tokens that can still be added.</summary>
    public int Remaining => Capacity - Count;

    internal LlamaBatchNative Native
    {
        get
        {
            ObjectDisposedException.ThrowIf(_memory.IsClosed, this);
            return _native;
        }
    }

    /// <summary>Removes all tokens.</summary>
    public void Clear() => _native.NTokens = 0;

    /// <summary>Adds a token of one sequence and gives its index, by which its output is read after the decode.</summary>
    /// <param name="token">The token.</param>
    /// <param name="position">Its position in the sequence, from 0; the positions of a sequence have no gaps.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="output">Whether its logits are wanted.</param>
    /// <exception cref="InvalidOperationException">The batch is full.</exception>
    public int Add(int token, int position, int sequence, bool output) => Add(token, position, [sequence], output);

    /// <summary>Adds a token that several sequences share, and gives its index. Only a unified cache can share tokens.</summary>
    /// <param name="token">The token.</param>
    /// <param name="position">Its position, the same in all of the sequences.</param>
    /// <param name="sequences">The sequences, 1 or more.</param>
    /// <param name="output">Whether its logits are wanted.</param>
    /// <exception cref="InvalidOperationException">The batch is full.</exception>
    public int Add(int token, int position, ReadOnlySpan<int> sequences, bool output)
    {
        ObjectDisposedException.ThrowIf(_memory.IsClosed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(token);
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        if (sequences.IsEmpty || sequences.Length > _sequencesPerToken)
        {
            throw new ArgumentException($"A token of this batch belongs to 1 to {_sequencesPerToken} sequences, not to {sequences.Length}.", nameof(sequences));
        }

        if (Count == Capacity)
        {
            throw new InvalidOperationException($"The batch holds its {Capacity} tokens; decode it before adding more.");
        }

        var index = _native.NTokens;
        for (var i = 0; i < sequences.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(sequences[i], nameof(sequences));
            _native.SeqId[index][i] = sequences[i];
        }

        _native.Token[index] = token;
        _native.Pos[index] = position;
        _native.NSeqId[index] = sequences.Length;
        _native.Logits[index] = output ? (sbyte)1 : (sbyte)0;
        _native.NTokens = index + 1;
        return index;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _memory.Dispose();
        _native = default;
    }
}
