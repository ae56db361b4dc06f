using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace FleetOps.ModelStore.Sources;

/// <summary>The name of one file of a split model, as llama.cpp writes it: <c>NAME-00001-of-00003.gguf</c>.</summary>
/// <param name="Prefix">What the names of all its files begin with.</param>
/// <param name="Number">Which of the files it is, from 1.</param>
/// <param name="Count">How many files there are; at least 2.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly partial record struct SplitName(string Prefix, int Number, int Count)
{
    /// <summary>More files than this no model has.</summary>
    public const int MaxCount = 512;

    /// <summary>Length of what follows the prefix.</summary>
    public const int EndingLength = 20;

    /// <summary>Reads a name; null when it is that of a whole model.</summary>
    public static SplitName? Parse(string fileName)
    {
        Match match = Form().Match(fileName);
        return match.Success && Number(match, "count") is not 1 and var count ? new SplitName(match.Groups["prefix"].Value, Number(match, "number"), count) : null;

        static int Number(Match match, string group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
    }

    /// <summary>The name of one of the files.</summary>
    /// <param name="number">Which, from 1.</param>
    public string Of(int number) => Prefix + Ending(number);

    /// <summary>What the name of one of the files ends with.</summary>
    public string Ending(int number) => string.Create(CultureInfo.InvariantCulture, $"-{number:D5}-of-{Count:D5}.gguf");

    [GeneratedRegex(@"^(?<prefix>.+)-(?<number>[0-9]{5})-of-(?<count>[0-9]{5})\.gguf\z", RegexOptions.ExplicitCapture | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}
