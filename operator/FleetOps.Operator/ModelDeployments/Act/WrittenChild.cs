namespace FleetOps.Operator.ModelDeployments.Act;

/// <summary>One child that was written.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Name">Its name.</param>
/// <param name="Existed">Whether the store held it before.</param>
/// <param name="FirstDifference">Path of the first field that differed; null when it did not exist.</param>
internal sealed record WrittenChild(string Kind, string Name, bool Existed, string? FirstDifference);
