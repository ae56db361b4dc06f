namespace FleetOps.InferenceWorker.Engine.Adapters;

/// <summary>Why an adapter cannot be loaded.</summary>
internal enum AdapterFault
{
    /// <summary>The name is none, or the scale is out of its range.</summary>
    InvalidArgument,

    /// <summary>Another adapter has the name.</summary>
    NameTaken,

    /// <summary>There is no such file, or it may not be read.</summary>
    FileNotFound,

    /// <summary>The file is no LoRA adapter, or not one for this model.</summary>
    Unfit,

    /// <summary>The worker was started without a folder of adapters.</summary>
    NoDirectory,
}
