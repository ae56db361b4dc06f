using System.Runtime.InteropServices;

namespace FleetOps.InferenceWorker.Engine.Prefixes;

/// <summary>
/// What the KV cache holds for each slot, as a radix tree over blocks of tokens: slots that begin alike lie on one path,
/// so a prompt is compared with all of them at once. Not safe for concurrent use.
/// </summary>
internal sealed class PrefixTree
{
    /// <summary>Tokens of a node. Slots that differ inside a block part at its beginning; <see cref="Match"/> counts their tokens nevertheless.</summary>
    public const int BlockTokens = 32;

    private readonly Dictionary<PrefixScope, Node> _roots = [];
    private readonly Entry[] _entries;

    /// <summary>Makes a tree of empty slots.</summary>
    public PrefixTree(int slots)
    {
        _entries = new Entry[slots];
        for (var slot = 0; slot < slots; slot++)
        {
            _entries[slot] = new Entry();
        }
    }

    /// <summary>Whole blocks that are held, those that slots have in common counted once.</summary>
    public int Blocks { get; private set; }

    /// <summary>How many tokens a slot holds.</summary>
    public int Count(int slot) => _entries[slot].Tokens.Count;

    /// <summary>The tokens that a slot holds; valid until it changes.</summary>
    public ReadOnlySpan<int> Tokens(int slot) => CollectionsMarshal.AsSpan(_entries[slot].Tokens);

    /// <summary>Empties a slot and says who may share what comes.</summary>
    public void Open(int slot, PrefixScope scope)
    {
        Truncate(slot, 0);
        var entry = _entries[slot];
        if (entry.Scope == scope && entry.Path.Count > 0)
        {
            return;
        }

        Leave(entry, slot);
        if (!_roots.TryGetValue(scope, out var root))
        {
            _roots.Add(scope, root = new Node([]));
        }

        root.Slots.Add(slot);
        entry.Scope = scope;
        entry.Path.Add(root);
    }

    /// <summary>Adds tokens at the end of a slot that was opened.</summary>
    public void Append(int slot, ReadOnlySpan<int> tokens)
    {
        var entry = _entries[slot];
        entry.Tokens.AddRange(tokens);
        while (entry.Tokens.Count / BlockTokens >= entry.Path.Count)
        {
            var start = (entry.Path.Count - 1) * BlockTokens;
            var block = CollectionsMarshal.AsSpan(entry.Tokens).Slice(start, BlockTokens);
            var node = entry.Path[^1].Child(block);
            if (node is null)
            {
                node = new Node(block.ToArray());
                entry.Path[^1].Children.Add(node);
                Blocks++;
            }

            node.Slots.Add(slot);
            entry.Path.Add(node);
        }
    }

    /// <summary>Gives a slot the first tokens of another, in place of its own.</summary>
    public void Copy(int source, int slot, int count)
    {
        Open(slot, _entries[source].Scope);
        Append(slot, CollectionsMarshal.AsSpan(_entries[source].Tokens)[..count]);
    }

    /// <summary>Takes all but the first tokens out of a slot.</summary>
    public void Truncate(int slot, int count)
    {
        var entry = _entries[slot];
        CollectionsMarshal.SetCount(entry.Tokens, Math.Min(count, entry.Tokens.Count));
        while (entry.Path.Count > 1 && (entry.Path.Count - 1) * BlockTokens > entry.Tokens.Count)
        {
            var node = entry.Path[^1];
            node.Slots.Remove(slot);
            entry.Path.RemoveAt(entry.Path.Count - 1);
            if (node.Slots.Count == 0)
            {
                entry.Path[^1].Children.Remove(node);
                Blocks--;
            }
        }
    }

    /// <summary>Finds how many tokens each slot has in common with a prompt, from the first on.</summary>
    /// <param name="scope">Whose prompt it is.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="lengths">Receives the counts, 0 for slots of other scopes; one for each slot.</param>
    public void Match(PrefixScope scope, ReadOnlySpan<int> prompt, Span<int> lengths)
    {
        lengths.Clear();
        if (!_roots.TryGetValue(scope, out var node))
        {
            return;
        }

        for (var depth = 0; node is not null; depth++)
        {
            var from = depth * BlockTokens;
            var rest = prompt[from..];
            var next = rest.Length >= BlockTokens ? node.Child(rest[..BlockTokens]) : null;
            foreach (var slot in node.Slots)
            {
                if (next is null || !next.Slots.Contains(slot))
                {
                    var held = CollectionsMarshal.AsSpan(_entries[slot].Tokens);
                    lengths[slot] = from + held[from..].CommonPrefixLength(rest);
                }
            }

            node = next;
        }
    }

    private void Leave(Entry entry, int slot)
    {
        if (entry.Path.Count == 0)
        {
            return;
        }

        var root = entry.Path[0];
        root.Slots.Remove(slot);
        entry.Path.Clear();
        if (root.Slots.Count == 0)
        {
            _roots.Remove(entry.Scope);
        }
    }

    private sealed class Entry
    {
        public PrefixScope Scope { get; set; }

        public List<int> Tokens { get; } = [];

        public List<Node> Path { get; } = [];
    }

    private sealed class Node(int[] block)
    {
        public HashSet<int> Slots { get; } = [];

        public List<Node> Children { get; } = [];

        public Node? Child(ReadOnlySpan<int> tokens)
        {
            foreach (var child in Children)
            {
                if (tokens.SequenceEqual(child.Block))
                {
                    return child;
                }
            }

            return null;
        }

        private int[] Block { get; } = block;
    }
}
