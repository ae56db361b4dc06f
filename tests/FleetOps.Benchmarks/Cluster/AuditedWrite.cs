using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Cluster;

/// <summary>One write request.</summary>
/// <param name="Verb">As RBAC calls it.</param>
/// <param name="Resource">Plural, with the subresource behind a slash.</param>
/// <param name="Namespace">Empty for none.</param>
/// <param name="Name">Empty where the request names none.</param>
/// <param name="Code">Status of the answer.</param>
internal sealed record AuditedWrite(string Verb, string Resource, string Namespace, string Name, int Code)
{
    /// <summary>Counts writes by what was written and, where it was refused, by the answer.</summary>
    public static IReadOnlyDictionary<string, int> Count(IEnumerable<AuditedWrite> writes) =>
        writes.GroupBy(w => $"{w.Verb} {w.Resource}{(w.Code >= 300 ? $" ({w.Code})" : "")}", StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);

    /// <summary>Reports the counts.</summary>
    public static void Report(Report report, string figure, IEnumerable<AuditedWrite> writes)
    {
        foreach (var (what, count) in Count(writes))
        {
            report.Info($"{figure}: operator's writes, {what}", count, "requests");
        }
    }
}
