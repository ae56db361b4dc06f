namespace FleetOps.ModelStore;

/// <summary>What a fetch is doing now.</summary>
public enum FetchPhase
{
    /// <summary>Another process (or another call) holds the lock of this source; its result will be reused.</summary>
    Waiting,

    /// <summary>The source is asked which revision, size and digest the file has.</summary>
    Resolving,

    /// <summary>Bytes are being downloaded and hashed.</summary>
    Fetching,

    /// <summary>A file that is already there is being hashed, or the header of the file is being checked.</summary>
    Verifying,

    /// <summary>The file is verified and in its final place.</summary>
    Completed,
}
