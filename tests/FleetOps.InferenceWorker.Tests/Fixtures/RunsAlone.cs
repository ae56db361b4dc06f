namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>Tests that see what others in their process do, and therefore run without them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RunsAlone
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "alone";
}
