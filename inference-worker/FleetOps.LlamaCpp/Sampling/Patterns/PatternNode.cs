namespace FleetOps.LlamaCpp.Sampling.Patterns;

/// <summary>A part of a regular expression.</summary>
internal abstract record PatternNode
{
    /// <summary>What stands for no text.</summary>
    public static readonly PatternNode Empty = new Sequence([]);

    /// <summary>Whether it may stand for no text.</summary>
    public abstract bool IsNullable { get; }

    /// <summary>One character of a set.</summary>
    /// <param name="Ranges">First and last code point of each part of the set.</param>
    /// <param name="Negated">The set is everything else.</param>
    public sealed record Characters(IReadOnlyList<(int First, int Last)> Ranges, bool Negated = false) : PatternNode
    {
        public override bool IsNullable => false;
    }

    /// <summary>One after the other.</summary>
    public sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode
    {
        public override bool IsNullable { get; } = Parts.All(static part => part.IsNullable);
    }

    /// <summary>One of several.</summary>
    public sealed record Alternatives(IReadOnlyList<PatternNode> Choices) : PatternNode
    {
        public override bool IsNullable { get; } = Choices.Any(static choice => choice.IsNullable);
    }

    /// <summary>Several times the same; without <paramref name="Most"/> as often as one likes.</summary>
    public sealed record Repetition(PatternNode Part, int Least, int? Most) : PatternNode
    {
        public override bool IsNullable { get; } = Least == 0 || Part.IsNullable;
    }
}
