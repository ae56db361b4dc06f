using System.Threading.Channels;
using FleetOps.InferenceWorker.Engine.Adapters;
using FleetOps.InferenceWorker.Engine.Prefixes;
using FleetOps.LlamaCpp.Sampling;

namespace FleetOps.InferenceWorker.Engine.Requests;

/// <summary>
/// One request on its way through the engine, and the channel of its tokens. The loop's thread writes, one caller reads.
/// The channel is bounded: a sequence whose reader is a whole channel behind leaves the batches, keeps its slot and goes
/// on when there is room again; the others never wait for it. If that takes longer than
/// <see cref="EngineSettings.SlowReaderTimeout"/> it ends with <see cref="EndCause.SlowReader"/>.
/// </summary>
internal sealed class Generation
{
    private readonly Channel<GeneratedToken> _tokens;
    private readonly List<GeneratedToken> _held = [];
    private readonly TaskCompletionSource<bool> _admitted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _clock;
    private readonly Action<Generation> _roomMade;
    private readonly Action<Generation> _cancel;
    private readonly int _capacity;
    private long _admittedAt;
    private long _firstTokenAt;
    private long _lastTokenAt;
    private int _unread;
    private int _waitsForRoom;
    private volatile bool _cancelled;

    internal Generation(
        GenerationRequest request, LlamaSampler? sampler, AdapterLease? adapter, int capacity, TimeProvider clock, Action<Generation> roomMade, Action<Generation> cancel)
    {
        Request = request;
        Sampler = sampler;
        Adapter = adapter;
        Prompt = request.Prompt as int[] ?? [.. request.Prompt];
        Scope = new PrefixScope(request.Tenant, request.CacheSalt, adapter?.Adapter);
        _capacity = capacity;
        _clock = clock;
        _roomMade = roomMade;
        _cancel = cancel;
        SubmittedAt = clock.GetTimestamp();
        // The bound is kept by HasRoom, which the loop asks before it computes a token, so a write never fails.
        _tokens = Channel.CreateUnbounded<GeneratedToken>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = false });
    }

    /// <summary>What was asked for.</summary>
    public GenerationRequest Request { get; }

    /// <summary>Completes with true when the request holds a slot, with false if it ended before.</summary>
    public Task<bool> Admitted => _admitted.Task;

    /// <summary>How it ended; null until then. Set before the channel of tokens completes.</summary>
    public GenerationEnd? End { get; private set; }

    /// <summary>When it was submitted, by the clock for durations.</summary>
    public long SubmittedAt { get; }

    /// <summary>Whether it has or had a slot.</summary>
    public bool WasAdmitted => _admittedAt != 0;

    /// <summary>How long it waited for its slot.</summary>
    public TimeSpan Queued => _clock.GetElapsedTime(SubmittedAt, _admittedAt != 0 ? _admittedAt : _clock.GetTimestamp());

    /// <summary>From submission to the first sampled token; null until there is one.</summary>
    public TimeSpan? TimeToFirstToken => _firstTokenAt == 0 ? null : _clock.GetElapsedTime(SubmittedAt, _firstTokenAt);

    /// <summary>How many tokens of the prompt were in the KV cache already. Final when <see cref="Admitted"/> completes.</summary>
    public int CachedTokens { get; private set; }

    /// <summary>The prompt of <see cref="Request"/>.</summary>
    internal int[] Prompt { get; }

    /// <summary>Whose computed prompts it may use, and who may use its own.</summary>
    internal PrefixScope Scope { get; }

    /// <summary>Chooses the tokens. It belongs to the loop from submission on, and goes with the end.</summary>
    internal LlamaSampler? Sampler { get; }

    /// <summary>The LoRA adapter, which stays loaded until the end; null for none.</summary>
    internal AdapterLease? Adapter { get; }

    /// <summary>Whether the caller has asked for the end.</summary>
    internal bool CancelRequested => _cancelled;

    /// <summary>Whether the reader is less than a channel behind. If not, it will call back when it has made room.</summary>
    internal bool HasRoom
    {
        get
        {
            if (Volatile.Read(ref _unread) < _capacity)
            {
                return true;
            }

            // Raise the flag first and look again: a read in between either sees the flag or is seen here.
            Interlocked.Exchange(ref _waitsForRoom, 1);
            return Volatile.Read(ref _unread) < _capacity;
        }
    }

    /// <summary>Completes with true when a token can be read, with false when the generation has ended.</summary>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) => _tokens.Reader.WaitToReadAsync(cancellationToken);

    /// <summary>Reads the next token, if one is there.</summary>
    public bool TryRead(out GeneratedToken token)
    {
        if (!_tokens.Reader.TryRead(out token))
        {
            return false;
        }

        Interlocked.Decrement(ref _unread);
        if (Interlocked.Exchange(ref _waitsForRoom, 0) == 1)
        {
            _roomMade(this);
        }

        return true;
    }

    /// <summary>Asks for the end; the slot is free before the next batch. Safe from any thread, also after the end.</summary>
    public void Cancel()
    {
        _cancelled = true;
        _cancel(this);
    }

    internal void Admit(int cachedTokens)
    {
        CachedTokens = cachedTokens;
        _admittedAt = _clock.GetTimestamp();
        _admitted.TrySetResult(true);
    }

    internal void TokenSampled()
    {
        _lastTokenAt = _clock.GetTimestamp();
        if (_firstTokenAt == 0)
        {
            _firstTokenAt = _lastTokenAt;
        }
    }

    /// <summary>Puts a token into the channel at the next <see cref="Flush"/>.</summary>
    internal void Write(GeneratedToken token)
    {
        Interlocked.Increment(ref _unread);
        _held.Add(token);
    }

    /// <summary>Hands over what was written. The first of the tokens wakes the reader.</summary>
    internal void Flush()
    {
        foreach (var token in _held)
        {
            _tokens.Writer.TryWrite(token);
        }

        _held.Clear();
    }

    internal void Complete(EndCause cause, int sampledTokens, int? finalToken = null, string? detail = null)
    {
        Sampler?.Dispose();
        Adapter?.Dispose();
        End = new GenerationEnd(
            cause, finalToken, sampledTokens, CachedTokens, Queued,
            Prefill: _firstTokenAt == 0 ? TimeSpan.Zero : _clock.GetElapsedTime(_admittedAt, _firstTokenAt),
            Decode: _firstTokenAt == 0 ? TimeSpan.Zero : _clock.GetElapsedTime(_firstTokenAt, _lastTokenAt))
        {
            Detail = detail,
        };
        _admitted.TrySetResult(false);
        Flush();
        _tokens.Writer.TryComplete();
    }
}
