using FleetOps.ModelStore.Files;

namespace FleetOps.ModelStore.Cache;

/// <summary>
/// Says that a stored model is in use, to whoever cleans up. Any number of processes may say so at once; the kernel drops the word of a process that died.
/// The file stays, as that of <see cref="FetchLock"/>. Thread-safe.
/// </summary>
internal sealed class ModelUse : IDisposable
{
    private readonly FileStream _shared;

    private ModelUse(FileStream shared) => _shared = shared;

    /// <summary>Begins a use. The caller holds the lock of the source, which keeps cleaners away.</summary>
    public static ModelUse Begin(CacheFolder folder) =>
        new(new FileStream(folder.UsePath, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0));

    /// <summary>True when nobody uses the model of a folder. The caller holds the lock of the source, so that nobody begins meanwhile.</summary>
    public static bool IsFree(CacheFolder folder) => FetchLock.TryAcquire(folder.UsePath) is { } alone && Release(alone);

    public void Dispose() => _shared.Dispose();

    private static bool Release(FetchLock alone)
    {
        alone.Dispose();
        return true;
    }
}
