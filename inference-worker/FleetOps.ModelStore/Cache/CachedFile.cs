namespace FleetOps.ModelStore.Cache;

/// <summary>The places of one file of a model in its folder.</summary>
internal sealed class CachedFile(string folder, string name, string ending)
{
    /// <summary>The file, once it is verified.</summary>
    public string ModelPath { get; } = Path.Join(folder, name);

    /// <summary>Its record; that of a model of one file is the record of the model.</summary>
    public string VerdictPath { get; } = Path.Join(folder, $"verdict{ending}.json");

    /// <summary>What has been downloaded of it.</summary>
    public string PartPath { get; } = Path.Join(folder, $"partial{ending}");

    /// <summary>The record of that.</summary>
    public string PartRecordPath { get; } = Path.Join(folder, $"partial{ending}.json");

    /// <summary>The file of another model that has the same bytes, until it is verified. It is never written to.</summary>
    public string LinkPath { get; } = Path.Join(folder, $"linked{ending}");

    /// <summary>Where a download is put aside whose bytes are not those that its digest names.</summary>
    public string QuarantinePath { get; } = Path.Join(folder, $"quarantined{ending}");

    /// <summary>Removes the file and its record.</summary>
    public void Remove()
    {
        File.Delete(ModelPath);
        File.Delete(VerdictPath);
    }
}
