using FleetOps.LlamaCpp.Contexts;

namespace FleetOps.InferenceWorker.Engine.Prefixes;

/// <summary>
/// The slots and what the KV cache holds for them. A request that ends leaves its tokens in its slot, from where the next
/// one that begins alike takes them: in place, as the next turn of a chat does, or as a copy, also while the slot is busy.
/// The slot that was idle longest is overwritten first. Touched by the loop's thread only.
/// <para>
/// Each slot is a stream of its own in the cache, and sharing copies the whole stream. In a unified cache sharing would
/// cost nothing, but all the rest would: attention then looks at every cell of every sequence, also of those that are
/// only kept, for each token it computes. With 16 streams of 150 tokens that took 11 to 18 % more time for a step, and it
/// grows with what is cached. Copying a stream takes as long as computing 10 to 20 tokens, once.
/// </para>
/// <para>
/// llama.cpp computes streams together only where their numbers follow one another; every gap between those that run is
/// one more pass over all weights in every step. So a request gets a slot beside those that run, and what that slot held
/// moves to where nobody runs.
/// </para>
/// </summary>
internal sealed class SlotCache
{
    // One hundred-and-twenty-eighth of the context is about what can be computed while a whole stream is copied.
    private const int CopyShare = 128;

    // What is left behind is asked for again now and then only.
    private const int LeastMove = 4;

    private readonly LlamaContext _context;
    private readonly PrefixTree _tree;
    private readonly bool[] _busy;
    private readonly long[] _lastUse;
    private readonly int[] _common;
    private readonly bool _reuses;
    private long _uses;

    /// <summary>Makes the table of an empty context.</summary>
    /// <param name="context">The context; each of its sequences is a slot.</param>
    /// <param name="slots">How many of its sequences are slots.</param>
    /// <param name="reuses">Whether what was computed is kept; false for memory that cannot lose its last tokens only.</param>
    public SlotCache(LlamaContext context, int slots, bool reuses)
    {
        _context = context;
        _reuses = reuses;
        _tree = new PrefixTree(slots);
        _busy = new bool[slots];
        _lastUse = new long[slots];
        _common = new int[slots];
        LeastCopy = Math.Max(PrefixTree.BlockTokens, context.ContextLength / CopyShare);
    }

    /// <summary>How many tokens a copy must save, or waiting for somebody who computes them.</summary>
    public int LeastCopy { get; }

    /// <summary>Whether what was computed is kept for others.</summary>
    public bool Reuses => _reuses;

    /// <summary>Slots that nobody holds.</summary>
    public int Free => _busy.AsSpan().Count(false);

    /// <summary>Blocks that slots hold, shared ones counted once.</summary>
    public int Blocks => _tree.Blocks;

    /// <summary>Tokens that lie in slots which nobody holds.</summary>
    public long IdleTokens
    {
        get
        {
            long tokens = 0;
            for (var slot = 0; slot < _busy.Length; slot++)
            {
                tokens += _busy[slot] ? 0 : _tree.Count(slot);
            }

            return tokens;
        }
    }

    /// <summary>Chooses a slot for a prompt. There is at least one free slot. Changes nothing.</summary>
    public Placement Place(PrefixScope scope, ReadOnlySpan<int> prompt)
    {
        var best = Match(scope, prompt);
        var bestFree = -1;
        for (var slot = 0; slot < _busy.Length; slot++)
        {
            if (!_busy[slot] && (bestFree < 0 || _common[slot] > _common[bestFree]))
            {
                bestFree = slot;
            }
        }

        // A slot is continued in place if little is lost by it: most of what it holds goes on to be used.
        var continues = _common[bestFree] * 2 > _tree.Count(bestFree) && _common[bestFree] + LeastCopy > _common[best];
        var chosen = Beside(continues ? bestFree : -1);
        var placement = Choose(chosen, best);
        placement = placement with { KeptIn = Refuge(chosen, placement.Source) };
        var loses = placement.KeptIn is null && Keeps(chosen);
        return continues && (chosen == bestFree || loses) ? new Placement(bestFree, bestFree, _common[bestFree]) : placement;
    }

    /// <summary>Chooses a source for a prompt whose slot is given. Changes nothing.</summary>
    public Placement Find(int slot, PrefixScope scope, ReadOnlySpan<int> prompt) => Choose(slot, Match(scope, prompt));

    /// <summary>Takes the slot of a placement, and moves what it held.</summary>
    public void Take(Placement placement)
    {
        _busy[placement.Slot] = true;
        if (placement.KeptIn is { } refuge)
        {
            _context.MemorySequenceCopy(placement.Slot, refuge);
            _tree.Copy(placement.Slot, refuge, _tree.Count(placement.Slot));
            _lastUse[refuge] = _lastUse[placement.Slot];
        }
    }

    /// <summary>Makes the beginning of a prompt ready in a slot that was taken, and gives how many tokens of it need not be computed.</summary>
    public int Prepare(PrefixScope scope, Placement placement)
    {
        var (slot, source, tokens, _) = placement;
        if (tokens > 0 && source != slot)
        {
            _context.MemorySequenceCopy(source, slot);
            _tree.Copy(source, slot, tokens);
        }

        if (tokens == 0 || !Keep(slot, tokens))
        {
            _context.MemorySequenceRemove(slot);
            _tree.Open(slot, scope);
            return 0;
        }

        _tree.Truncate(slot, tokens);
        return tokens;
    }

    /// <summary>The tokens that a slot holds; valid until it changes.</summary>
    public ReadOnlySpan<int> Tokens(int slot) => _tree.Tokens(slot);

    /// <summary>Notes tokens that were computed.</summary>
    public void Append(int slot, ReadOnlySpan<int> tokens) => _tree.Append(slot, tokens);

    /// <summary>Gives a slot back. What it holds stays until somebody needs the room.</summary>
    public void Release(int slot)
    {
        _busy[slot] = false;
        _lastUse[slot] = ++_uses;
        if (!_reuses)
        {
            _context.MemorySequenceRemove(slot);
            _tree.Truncate(slot, 0);
        }
    }

    private int Match(PrefixScope scope, ReadOnlySpan<int> prompt)
    {
        _tree.Match(scope, prompt, _common);
        var best = 0;
        for (var slot = 0; slot < _common.Length; slot++)
        {
            // The last token of a prompt is always computed: its logits are needed.
            _common[slot] = Math.Min(_common[slot], prompt.Length - 1);
            best = _common[slot] > _common[best] ? slot : best;
        }

        return best;
    }

    private Placement Choose(int slot, int best) => _common[best] >= _common[slot] + LeastCopy
        ? new Placement(slot, best, _common[best])
        : new Placement(slot, slot, _common[slot]);

    // Memory that lost something on its way (a sliding window), or cannot lose its end only, is of no use.
    private bool Keep(int slot, int tokens) =>
        _context.MemorySequenceRemove(slot, tokens)
        && _context.MemorySequenceMinPosition(slot) == 0
        && _context.MemorySequenceMaxPosition(slot) == tokens - 1;

    // The free slot that breaks the running ones least; of equal ones the wanted, then the least valuable.
    private int Beside(int wanted)
    {
        var chosen = -1;
        for (var slot = 0; slot < _busy.Length; slot++)
        {
            if (!_busy[slot] && (chosen < 0 || Order(slot).CompareTo(Order(chosen)) < 0))
            {
                chosen = slot;
            }
        }

        return chosen;

        (int Breaks, bool Other, (bool Holds, long LastUse) Value) Order(int slot) =>
            (-((slot > 0 && _busy[slot - 1] ? 1 : 0) + (slot + 1 < _busy.Length && _busy[slot + 1] ? 1 : 0)), slot != wanted, Value(slot));
    }

    private int? Refuge(int slot, int source)
    {
        if (!Keeps(slot))
        {
            return null;
        }

        int? refuge = null;
        for (var other = 0; other < _busy.Length; other++)
        {
            if (!_busy[other] && other != source && Value(other).CompareTo(Value(refuge ?? slot)) < 0)
            {
                refuge = other;
            }
        }

        return refuge;
    }

    private bool Keeps(int slot) => _tree.Count(slot) >= LeastMove * LeastCopy;

    // Empty slots are worth nothing, and of the others the one that was idle longest is worth least.
    private (bool Holds, long LastUse) Value(int slot) => _tree.Count(slot) > 0 ? (true, _lastUse[slot]) : (false, slot);
}
