using FleetOps.InferenceWorker.Engine.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace FleetOps.InferenceWorker.Tests.Engine;

[Properties(Arbitrary = [typeof(StopStringScannerTests)])]
public sealed class StopStringScannerTests
{
    /// <summary>A text over few letters, cut into pieces, and stop strings over the same letters: overlaps are the rule.</summary>
    public sealed record Case(string[] Pieces, string[] Stops)
    {
        public string Text => string.Concat(Pieces);
    }

    public static Arbitrary<Case> Cases()
    {
        Gen<string> Word(int least, int most) =>
            from length in Gen.Choose(least, most)
            from letters in Gen.Elements('a', 'b', 'c').ArrayOf(length)
            select new string(letters);

        return (from pieceCount in Gen.Choose(0, 12)
                from pieces in Word(0, 5).ArrayOf(pieceCount)
                from stopCount in Gen.Choose(0, 4)
                from stops in Word(1, 5).ArrayOf(stopCount)
                select new Case(pieces, stops)).ToArbitrary();
    }

    [Property(MaxTest = 2000)]
    public void The_result_does_not_depend_on_how_the_text_is_cut(Case sample)
    {
        var whole = Scan([sample.Text], sample.Stops);
        Assert.Equal(whole, Scan(sample.Pieces, sample.Stops));
        Assert.Equal(whole, Scan([.. sample.Text.Select(letter => letter.ToString())], sample.Stops));
    }

    [Property(MaxTest = 2000)]
    public void The_text_ends_before_the_stop_string_that_is_complete_first(Case sample)
    {
        var firstEnd = Enumerable.Range(1, sample.Text.Length)
            .FirstOrDefault(end => sample.Stops.Any(stop => sample.Text[..end].EndsWith(stop, StringComparison.Ordinal)));
        var (shown, matched) = Scan(sample.Pieces, sample.Stops);
        if (firstEnd == 0)
        {
            Assert.Null(matched);
            Assert.Equal(sample.Text, shown);
        }
        else
        {
            var longest = sample.Stops.Where(stop => sample.Text[..firstEnd].EndsWith(stop, StringComparison.Ordinal)).MaxBy(stop => stop.Length)!;
            Assert.Equal(longest, matched);
            Assert.Equal(sample.Text[..(firstEnd - longest.Length)], shown);
        }
    }

    [Property(MaxTest = 1000)]
    public void What_is_held_back_is_always_the_beginning_of_a_stop_string(Case sample)
    {
        var scanner = new StopStringScanner(sample.Stops);
        var shown = 0;
        var seen = 0;
        foreach (var piece in sample.Pieces)
        {
            shown += scanner.Push(piece).Length;
            seen += piece.Length;
            if (scanner.Matched is not null)
            {
                return;
            }

            var held = sample.Text[shown..seen];
            Assert.True(held.Length == 0 || sample.Stops.Any(stop => stop.StartsWith(held, StringComparison.Ordinal)), held);
        }
    }

    [Fact]
    public void A_stop_string_over_the_border_of_two_pieces_is_found()
    {
        var scanner = new StopStringScanner(["\n\nQ:"]);
        Assert.Equal("Yes.", scanner.Push("Yes.\n"));
        Assert.Equal("", scanner.Push("\nQ"));
        Assert.Equal("", scanner.Push(": more"));
        Assert.Equal("\n\nQ:", scanner.Matched);
        Assert.Equal("", scanner.Flush());
    }

    private static (string Shown, string? Matched) Scan(IEnumerable<string> pieces, string[] stops)
    {
        var scanner = new StopStringScanner(stops);
        var shown = string.Concat(pieces.Select(scanner.Push));
        return (shown + scanner.Flush(), scanner.Matched);
    }
}
