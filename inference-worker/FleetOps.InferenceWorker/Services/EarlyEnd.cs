namespace FleetOps.InferenceWorker.Services;

/// <summary>Why a request was ended before its answer was complete.</summary>
internal enum EarlyEnd
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>The call was cancelled, its connection was lost, or its deadline passed.</summary>
    CallEnded,

    /// <summary>Somebody aborted the request by its id.</summary>
    Aborted,

    /// <summary>The time that the request gave itself was over.</summary>
    Expired,

    /// <summary>The time that the server gives every request was over.</summary>
    TookTooLong,
}
