namespace FleetOps.InferenceWorker.Memory;

/// <summary>What is done about a model whose memory is known before it is downloaded.</summary>
internal enum FitCheck
{
    /// <summary>A model that cannot fit is not downloaded: the worker ends and says what is needed and what there is.</summary>
    Refuse,

    /// <summary>That it cannot fit is logged.</summary>
    Warn,

    /// <summary>The memory is not computed before the download.</summary>
    Off,
}
