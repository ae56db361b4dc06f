using System.Globalization;

namespace FleetOps.Soak;

/// <summary>The outcome of a soak.</summary>
internal sealed record SoakReport(IReadOnlyList<SoakRow> Rows)
{
    /// <summary>Lines of which nothing went wrong.</summary>
    public int Passed => Rows.Count(row => row.Failed == 0);

    /// <summary>The others.</summary>
    public int Failed => Rows.Count - Passed;

    /// <summary>The table, and the counts as its last line.</summary>
    public string Print()
    {
        var width = Rows.Max(row => row.Name.Length);
        var lines = Rows.Select(row => string.Create(
            CultureInfo.InvariantCulture, $"{row.Name.PadRight(width)}  {row.Count,10} {row.Failed,8}  {(row.Failed == 0 ? "ok" : "FAILED"),-6}  {row.Detail}").TrimEnd());
        return string.Join('\n', [
            $"{"what".PadRight(width)}  {"count",10} {"failed",8}          detail", .. lines, "",
            string.Create(CultureInfo.InvariantCulture, $"{Passed} passed, {Failed} failed"),
        ]);
    }
}
