using FleetOps.InferenceWorker.Engine.Batching;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace FleetOps.InferenceWorker.Tests.Engine;

[Properties(Arbitrary = [typeof(PromptLookupTests)])]
public sealed class PromptLookupTests
{
    public static Arbitrary<int[]> Texts() => Gen.Choose(0, 3).ArrayOf().ToArbitrary();

    [Property(MaxTest = 1000)]
    public void A_guess_is_what_followed_the_same_tokens_before(int[] text)
    {
        if (text.Length == 0)
        {
            return;
        }

        var draft = new int[5];
        var found = PromptLookup.Find(text.AsSpan()[..^1], text[^1], draft);
        var needle = Enumerable.Range(2, 2).Reverse().Where(length => length <= text.Length)
            .Select(length => (Length: length, At: LastBefore(text, text[^length..]))).FirstOrDefault(match => match.At >= 0, (Length: 0, At: -1));
        if (needle.At < 0)
        {
            Assert.Equal(0, found);
            return;
        }

        // The guess never goes beyond what was there before the last token.
        Assert.Equal(text[(needle.At + needle.Length)..^1].Take(draft.Length), draft.Take(found));
        Assert.True(found > 0);
    }

    private static int LastBefore(int[] text, int[] needle)
    {
        for (var at = text.Length - needle.Length - 1; at >= 0; at--)
        {
            if (at + needle.Length <= text.Length - 2 && text.AsSpan(at, needle.Length).SequenceEqual(needle))
            {
                return at;
            }
        }

        return -1;
    }

    [Fact]
    public void The_last_occurrence_counts_and_the_guess_is_as_long_as_asked()
    {
        var draft = new int[2];
        Assert.Equal(2, PromptLookup.Find([1, 2, 3, 7, 7, 7, 1, 2, 3, 8, 9, 9, 1, 2], 3, draft));
        Assert.Equal([8, 9], draft);
        Assert.Equal(0, PromptLookup.Find([1, 2, 3, 4], 5, draft));
        Assert.Equal(0, PromptLookup.Find([1, 2, 3, 1, 2], 3, []));
    }
}
