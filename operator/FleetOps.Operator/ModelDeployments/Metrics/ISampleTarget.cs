namespace FleetOps.Operator.ModelDeployments.Metrics;

/// <summary>Takes the samples of one model or ModelCache and one family.</summary>
internal interface ISampleTarget
{
    /// <param name="value">The value.</param>
    /// <param name="labels">Labels beside those that name the model or the ModelCache.</param>
    void Add(double value, params ReadOnlySpan<KeyValuePair<string, string>> labels);
}
