namespace FleetOps.Benchmarks.Cluster;

/// <summary>One write request.</summary>
/// <param name="Verb">As RBAC calls it.</param>
/// <param name="Resource">Plural, with the subresource behind a slash.</param>
/// <param name="Namespace">Empty for none.</param>
/// <param name="Name">Empty where the request names none.</param>
/// <param name="Code">Status of the answer.</param>
internal sealed record AuditedWrite(string Verb, string Resource, string Namespace, string Name, int Code);
