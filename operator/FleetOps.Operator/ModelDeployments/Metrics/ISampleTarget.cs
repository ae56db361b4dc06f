namespace FleetOps.Operator.ModelDeployments.Metrics;

/// <summary>Takes the samples of one model and one family.</summary>
internal interface ISampleTarget
{
    /// <param name="value">The value.</param>
    /// <param name="labels">Labels beside those that name the model.</param>
    void Add(double value, params ReadOnlySpan<KeyValuePair<string, string>> labels);
}
