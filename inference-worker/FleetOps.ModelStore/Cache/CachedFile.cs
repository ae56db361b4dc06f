namespace FleetOps.ModelStore.Cache;

/// <summary>The places of one file of a model in its folder.</summary>
/// <param name="folder">The folder.</param>
/// <param name="name">Name of the file.</param>
/// <param name="ending">What tells its records from those of the other files of a split model; empty for a whole one.</param>
/// <param name="writer">Who alone writes to what is not finished, where no lock keeps others from it; null where one does.</param>
internal sealed class CachedFile(string folder, string name, string ending, string? writer = null)
{
    private readonly string _own = writer is null ? ending : $"{ending}.{writer}";

    /// <summary>The file, once it is verified.</summary>
    public string ModelPath { get; } = Path.Join(folder, name);

    /// <summary>Its record; that of a model of one file is the record of the model.</summary>
    public string VerdictPath { get; } = Path.Join(folder, $"verdict{ending}.json");

    /// <summary>What has been downloaded of it.</summary>
    public string PartPath => Path.Join(folder, $"partial{_own}");

    /// <summary>The record of that.</summary>
    public string PartRecordPath => PartPath + ".json";

    /// <summary>The file of another model that has the same bytes, until it is verified. It is never written to.</summary>
    public string LinkPath => Path.Join(folder, $"linked{_own}");

    /// <summary>Where a file is put aside whose bytes are not those that its digest names.</summary>
    public string QuarantinePath { get; } = Path.Join(folder, $"{CacheFolder.Quarantined}{ending}");

    /// <summary>What is remembered of a download that was put aside.</summary>
    public string QuarantineRecordPath => QuarantinePath + ".json";

    /// <summary>Removes the file and its record.</summary>
    public void Remove()
    {
        File.Delete(ModelPath);
        File.Delete(VerdictPath);
    }

    /// <summary>Puts the file aside. Who has it open keeps it.</summary>
    public void PutAside()
    {
        File.Delete(VerdictPath);
        File.Delete(QuarantineRecordPath);
        File.Move(ModelPath, QuarantinePath, overwrite: true);
    }
}
