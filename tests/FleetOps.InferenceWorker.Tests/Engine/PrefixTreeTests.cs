using FleetOps.InferenceWorker.Engine.Prefixes;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace FleetOps.InferenceWorker.Tests.Engine;

[Properties(Arbitrary = [typeof(PrefixTreeTests)])]
public sealed class PrefixTreeTests
{
    private const int Slots = 4;

    /// <summary>Something that happens to a slot. Few tokens and two scopes, so that much is alike.</summary>
    public sealed record Step(int Kind, int Slot, int Other, int Scope, int[] Tokens, int Count);

    public static Arbitrary<Step[]> Steps() =>
        (from kind in Gen.Choose(0, 3)
         from slot in Gen.Choose(0, Slots - 1)
         from other in Gen.Choose(0, Slots - 1)
         from scope in Gen.Choose(0, 1)
         from run in Gen.Choose(0, 90)
         from odd in Gen.Choose(0, 90)
         from count in Gen.Choose(0, 120)
         select new Step(kind, slot, other, scope, [.. Enumerable.Range(0, run).Select(i => i == odd ? 1 : 0)], count)).ArrayOf().ToArbitrary();

    [Property(MaxTest = 500)]
    public void It_finds_what_a_comparison_with_every_slot_finds(Step[] steps)
    {
        var tree = new PrefixTree(Slots);
        var held = Enumerable.Range(0, Slots).Select(_ => (Scope: -1, Tokens: new List<int>())).ToArray();
        foreach (var step in steps)
        {
            var (scope, tokens) = held[step.Slot];
            var count = Math.Min(step.Count, held[step.Other].Tokens.Count);
            switch (step.Kind)
            {
                case 0 or 1 when scope < 0:
                    tree.Open(step.Slot, Scope(step.Scope));
                    held[step.Slot] = (step.Scope, []);
                    break;
                case 0 or 1:
                    tree.Append(step.Slot, step.Tokens);
                    tokens.AddRange(step.Tokens);
                    break;
                case 2:
                    tree.Truncate(step.Slot, step.Count);
                    tokens.RemoveRange(Math.Min(step.Count, tokens.Count), Math.Max(0, tokens.Count - step.Count));
                    break;
                case 3 when held[step.Other].Scope >= 0 && step.Other != step.Slot:
                    tree.Copy(step.Other, step.Slot, count);
                    held[step.Slot] = (held[step.Other].Scope, held[step.Other].Tokens[..count]);
                    break;
            }

            Compare(tree, held, step.Scope, step.Tokens);
        }

        for (var slot = 0; slot < Slots; slot++)
        {
            tree.Truncate(slot, 0);
        }

        Assert.Equal(0, tree.Blocks);
    }

    private static void Compare(PrefixTree tree, (int Scope, List<int> Tokens)[] held, int scope, int[] prompt)
    {
        var lengths = new int[Slots];
        tree.Match(Scope(scope), prompt, lengths);
        Assert.Equal(held.Select(slot => slot.Scope == scope ? slot.Tokens.ToArray().AsSpan().CommonPrefixLength(prompt) : 0), lengths);
        Assert.Equal(held.Select(slot => slot.Tokens.Count), Enumerable.Range(0, Slots).Select(tree.Count));
        var blocks = held.SelectMany(slot => Enumerable.Range(1, slot.Tokens.Count / PrefixTree.BlockTokens)
            .Select(block => $"{slot.Scope}:{string.Join(',', slot.Tokens.Take(block * PrefixTree.BlockTokens))}"));
        Assert.Equal(blocks.Distinct().Count(), tree.Blocks);
    }

    private static PrefixScope Scope(int scope) => new($"tenant {scope}", "", null);
}
