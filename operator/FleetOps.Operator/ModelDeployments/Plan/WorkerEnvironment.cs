using FleetOps.Api;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>The environment variables of a worker.</summary>
internal static class WorkerEnvironment
{
    public static List<V1EnvVar>? For(WorkerPodSpec? pod)
    {
        if (pod?.Env is not { Count: > 0 } given)
        {
            return null;
        }

        List<V1EnvVar> variables = new(given.Count);
        foreach (var variable in given)
        {
            variables.Add(new() { Name = variable.Name, Value = variable.Value, ValueFrom = Source(variable.ValueFrom) });
        }

        return variables;
    }

    private static V1EnvVarSource? Source(EnvSource? source) => source switch
    {
        { SecretKeyRef: { } secret } => new() { SecretKeyRef = new() { Name = secret.Name, Key = secret.Key, Optional = secret.Optional } },
        { ConfigMapKeyRef: { } map } => new() { ConfigMapKeyRef = new() { Name = map.Name, Key = map.Key, Optional = map.Optional } },
        _ => null,
    };
}
