using System.Reflection;
using System.Text.RegularExpressions;

namespace FleetOps.Api.Tests;

public sealed class ReasonsTests
{
    [Fact]
    public void The_list_of_reasons_is_complete()
    {
        var constants = typeof(Reasons).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!);

        Assert.Equal(constants.Order(StringComparer.Ordinal), Reasons.All.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_reason_is_a_word_that_Kubernetes_takes() =>
        Assert.All(Reasons.All, reason => Assert.Matches(new Regex("^[A-Z][A-Za-z]{1,63}$", RegexOptions.None, TimeSpan.FromSeconds(1)), reason));
}
